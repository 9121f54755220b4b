package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveRestNode is a container over net/http that does what the header "Do" says.
func serveRestNode(port int) error {
	server := &http.Server{
		Addr:              fmt.Sprintf("127.0.0.1:%d", port),
		Handler:           http.HandlerFunc(answerRest),
		ReadHeaderTimeout: time.Minute,
	}
	return server.ListenAndServe()
}

func answerRest(writer http.ResponseWriter, request *http.Request) {
	writer.Header().Set("Content-Type", "application/json")
	do, argument, _ := strings.Cut(request.Header.Get("Do"), ":")
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	switch do {
	case "chunked": // it is flushed before its end is known
		for _, part := range [][]byte{body[:len(body)/2], body[len(body)/2:]} {
			_, _ = writer.Write(part)
			_ = http.NewResponseController(writer).Flush()
		}
	case "gzip":
		writer.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(writer)
		_, _ = packed.Write(body)
		_ = packed.Close()
	case "close":
		writer.Header().Set("Connection", "close")
		_, _ = writer.Write(body)
	case "early": // a hint ahead of the answer
		writer.WriteHeader(http.StatusEarlyHints)
		_, _ = writer.Write(body)
	case "fail":
		status, _ := strconv.Atoi(argument)
		writer.WriteHeader(status)
		_, _ = writer.Write([]byte(`{"status":{"info":"failed"}}`))
	case "headers":
		text, _ := json.Marshal(request.Header)
		_, _ = writer.Write(text)
	case "hang":
		<-request.Context().Done()
		fmt.Printf("gone %s\n", request.Header.Get("Seldon-Puid"))
	default:
		_, _ = writer.Write(body)
	}
}
