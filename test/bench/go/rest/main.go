// A best-practice REST proxy on Go's standard library: what Go can do, for the bench to compare with.
//
// It reads the whole body, calls its nodes one after the other over kept connections, passes each
// answer on to the next, forwards the caller's headers, makes a request id, and sets the headers of
// an engine's answer. No metrics, no log.
//
// usage: rest PORT NODE_PORT...
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
)

const path = "/api/v1.0/predictions"

func makeID() string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	var digits [32]byte
	hex.Encode(digits[:], random[:])
	text := string(digits[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// readAll reads a body of known length into one buffer of that length.
func readAll(body io.ReadCloser, length int64) ([]byte, error) {
	defer body.Close()
	if length < 0 {
		return io.ReadAll(body)
	}
	whole := make([]byte, length)
	_, err := io.ReadFull(body, whole)
	return whole, err
}

type proxy struct {
	client *http.Client
	nodes  []string
}

func (p *proxy) call(r *http.Request, node string, body []byte) ([]byte, http.Header, error) {
	call, err := http.NewRequestWithContext(r.Context(), http.MethodPost, node, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for name, values := range r.Header {
		call.Header[name] = values
	}
	answer, err := p.client.Do(call)
	if err != nil {
		return nil, nil, err
	}
	read, err := readAll(answer.Body, answer.ContentLength)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", node, answer.Status)
	}
	return read, answer.Header, err
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("Seldon-Puid")
	if id == "" {
		id = makeID()
		r.Header.Set("Seldon-Puid", id)
	}
	headers := w.Header()
	headers.Set("Seldon-Puid", id)
	headers.Set("X-Content-Type-Options", "nosniff")
	headers.Set("Access-Control-Allow-Origin", "*")
	headers.Set("Access-Control-Allow-Headers", "Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token")
	body, err := readAll(r.Body, r.ContentLength)
	for _, node := range p.nodes {
		if err != nil {
			break
		}
		var answered http.Header
		if body, answered, err = p.call(r, node, body); err == nil {
			headers.Set("Content-Type", answered.Get("Content-Type"))
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	headers.Set("Content-Length", strconv.Itoa(len(body))) // else a large one is sent in chunks
	w.Write(body)                                          // a caller that has left is no concern of ours
}

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: rest PORT NODE_PORT...")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 0 // no limit
	transport.MaxIdleConnsPerHost = 256
	transport.DisableCompression = true
	transport.Proxy = nil
	served := &proxy{client: &http.Client{Transport: transport}}
	for _, port := range os.Args[2:] {
		served.nodes = append(served.nodes, "http://127.0.0.1:"+port+path)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], served))
}
