package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"sync"
	"time"
)

// restAsk is a row of requests on one client, one after the other.
type restAsk struct {
	Requests []restRequest `json:"requests"`
	CA       string        `json:"ca"`
}

type restRequest struct {
	Method  string              `json:"method"`
	URL     string              `json:"url"`
	Headers map[string][]string `json:"headers"`
	Body    []byte              `json:"body"`
	// Chunked sends the body without saying how long it is, with a trailer.
	Chunked bool `json:"chunked"`
	// Expect waits for 100 Continue before the body.
	Expect bool `json:"expect"`
}

type restAnswer struct {
	Status  int                 `json:"status"`
	Version string              `json:"version"`
	Headers map[string][]string `json:"headers"`
	Body    []byte              `json:"body"`
	// Reused says whether the connection had been used before.
	Reused bool `json:"reused"`
	// Continued says whether 100 Continue came.
	Continued bool `json:"continued"`
}

func restClient(ca string) (*http.Client, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1000, ExpectContinueTimeout: 20 * time.Second}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "localhost"}
		transport.ForceAttemptHTTP2 = true
	}
	return &http.Client{Transport: transport, Timeout: 60 * time.Second}, nil
}

func callRest(ask restAsk) ([]*restAnswer, error) {
	client, err := restClient(ask.CA)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	answers := []*restAnswer{}
	for _, one := range ask.Requests {
		answer, err := sendRest(client, one)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// plain hides the length of what it reads.
type plain struct{ io.Reader }

func sendRest(client *http.Client, ask restRequest) (*restAnswer, error) {
	var body io.Reader
	switch {
	case ask.Chunked:
		body = plain{bytes.NewReader(ask.Body)}
	case len(ask.Body) > 0:
		body = bytes.NewReader(ask.Body)
	}
	request, err := http.NewRequest(ask.Method, ask.URL, body)
	if err != nil {
		return nil, err
	}
	if ask.Chunked {
		request.Trailer = http.Header{"X-Checksum": {"none"}}
	}
	for name, values := range ask.Headers {
		request.Header[name] = values
	}
	if ask.Expect {
		request.Header.Set("Expect", "100-continue")
	}
	answer := &restAnswer{}
	trace := &httptrace.ClientTrace{
		GotConn:        func(info httptrace.GotConnInfo) { answer.Reused = info.Reused },
		Got100Continue: func() { answer.Continued = true },
	}
	response, err := client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer.Body, err = io.ReadAll(response.Body)
	answer.Status, answer.Version, answer.Headers = response.StatusCode, response.Proto, response.Header
	return answer, err
}

// restManyAsk is like manyAsk over HTTP/1.1, each request with an id of its own.
type restManyAsk struct {
	URL      string `json:"url"`
	Count    int    `json:"count"`
	Parallel int    `json:"parallel"`
	Bytes    int    `json:"bytes"`
}

func callRestMany(ask restManyAsk) (*manyAnswer, error) {
	client, err := restClient("")
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	answer := &manyAnswer{Codes: map[string]int{}}
	var lock sync.Mutex
	parallel(ask.Count, ask.Parallel, func(number int) {
		want := fmt.Sprintf(`{"strData":"%s"}`, strings.NewReplacer("<", "[", ">", "]").Replace(numbered(number, ask.Bytes)))
		id := fmt.Sprintf("go-%d", number)
		got, err := sendRest(client, restRequest{
			Method: "POST", URL: ask.URL, Body: []byte(want), Chunked: number%3 == 0,
			Headers: map[string][]string{"Content-Type": {"application/json"}, "Seldon-Puid": {id}},
		})
		lock.Lock()
		defer lock.Unlock()
		switch {
		case err != nil:
			answer.Codes[err.Error()]++
		case got.Status != 200:
			answer.Codes[fmt.Sprintf("%d %s", got.Status, got.Body)]++
		case string(got.Body) == want && http.Header(got.Headers).Get("Seldon-Puid") == id:
			answer.Right++
		default:
			answer.Wrong++
		}
	})
	return answer, nil
}
