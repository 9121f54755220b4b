package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type tlsFiles struct {
	CA   string `json:"ca"`
	Cert string `json:"cert"`
	Key  string `json:"key"`
}

type target struct {
	Address         string    `json:"address"`
	TLS             *tlsFiles `json:"tls"`
	MaxReceiveBytes int       `json:"maxReceiveBytes"`
}

// unaryAsk is one call. Values of keys that end in -bin are base64, and so are bodies.
type unaryAsk struct {
	Target        target              `json:"target"`
	Method        string              `json:"method"`
	Body          []byte              `json:"body"`
	Metadata      map[string][]string `json:"metadata"`
	TimeoutMs     int                 `json:"timeoutMs"`
	CancelAfterMs int                 `json:"cancelAfterMs"`
	Gzip          bool                `json:"gzip"`
}

type unaryAnswer struct {
	Code     int                 `json:"code"`
	Details  string              `json:"details"`
	Body     []byte              `json:"body"`
	Rich     []byte              `json:"rich"`
	Initial  map[string][]string `json:"initial"`
	Trailing map[string][]string `json:"trailing"`
}

func isBinary(key string) bool { return strings.HasSuffix(key, "-bin") }

func metadataOf(given map[string][]string) (metadata.MD, error) {
	made := metadata.MD{}
	for key, values := range given {
		for _, value := range values {
			if isBinary(key) {
				raw, err := base64.StdEncoding.DecodeString(value)
				if err != nil {
					return nil, err
				}
				value = string(raw)
			}
			made.Append(key, value)
		}
	}
	return made, nil
}

func told(given metadata.MD) map[string][]string {
	made := map[string][]string{}
	for key, values := range given {
		for _, value := range values {
			if isBinary(key) {
				value = base64.StdEncoding.EncodeToString([]byte(value))
			}
			made[key] = append(made[key], value)
		}
	}
	return made
}

func securityOf(files *tlsFiles) (credentials.TransportCredentials, error) {
	if files == nil {
		return insecure.NewCredentials(), nil
	}
	pem, err := os.ReadFile(files.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", files.CA)
	}
	config := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	if files.Cert != "" {
		own, err := tls.LoadX509KeyPair(files.Cert, files.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{own}
	}
	return credentials.NewTLS(config), nil
}

func connect(to target) (*grpc.ClientConn, error) {
	security, err := securityOf(to.TLS)
	if err != nil {
		return nil, err
	}
	options := []grpc.CallOption{grpc.ForceCodec(rawCodec{})}
	if to.MaxReceiveBytes > 0 {
		options = append(options, grpc.MaxCallRecvMsgSize(to.MaxReceiveBytes))
	}
	return grpc.NewClient("passthrough:///"+to.Address,
		grpc.WithTransportCredentials(security), grpc.WithDefaultCallOptions(options...))
}

func callUnary(ask unaryAsk) (*unaryAnswer, error) {
	connection, err := connect(ask.Target)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	sent, err := metadataOf(ask.Metadata)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(context.Background(), sent))
	defer cancel()
	if ask.TimeoutMs > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(ask.TimeoutMs)*time.Millisecond)
		defer cancel()
	}
	if ask.CancelAfterMs > 0 {
		time.AfterFunc(time.Duration(ask.CancelAfterMs)*time.Millisecond, cancel)
	}
	var initial, trailing metadata.MD
	options := []grpc.CallOption{grpc.Header(&initial), grpc.Trailer(&trailing)}
	if ask.Gzip {
		options = append(options, grpc.UseCompressor(gzip.Name))
	}
	var body []byte
	err = connection.Invoke(ctx, ask.Method, &ask.Body, &body, options...)
	answer := &unaryAnswer{Body: body, Initial: told(initial), Trailing: told(trailing)}
	answer.Code = int(status.Code(err))
	answer.Details = status.Convert(err).Message()
	if rich := trailing.Get("grpc-status-details-bin"); len(rich) > 0 {
		answer.Rich = []byte(rich[0])
	}
	return answer, nil
}

// manyAsk makes `count` calls, `parallel` at once, each with a message of its own, which has to
// come back as it was sent.
type manyAsk struct {
	Target       target              `json:"target"`
	Method       string              `json:"method"`
	Metadata     map[string][]string `json:"metadata"`
	Count        int                 `json:"count"`
	Parallel     int                 `json:"parallel"`
	Bytes        int                 `json:"bytes"`
	WaitForReady bool                `json:"waitForReady"`
	TimeoutMs    int                 `json:"timeoutMs"`
}

type manyAnswer struct {
	Right int            `json:"right"`
	Wrong int            `json:"wrong"`
	Codes map[string]int `json:"codes"`
}

func callMany(ask manyAsk) (*manyAnswer, error) {
	connection, err := connect(ask.Target)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	sent, err := metadataOf(ask.Metadata)
	if err != nil {
		return nil, err
	}
	answer := &manyAnswer{Codes: map[string]int{}}
	var lock sync.Mutex
	parallel(ask.Count, ask.Parallel, func(number int) {
		ctx := metadata.NewOutgoingContext(context.Background(), sent)
		ctx, cancel := context.WithTimeout(ctx, time.Duration(ask.TimeoutMs)*time.Millisecond)
		defer cancel()
		want := textMessage(numbered(number, ask.Bytes))
		var body []byte
		err := connection.Invoke(ctx, ask.Method, &want, &body, grpc.WaitForReady(ask.WaitForReady))
		lock.Lock()
		defer lock.Unlock()
		switch {
		case err != nil:
			answer.Codes[describe(err)]++
		case bytes.Equal(body, want):
			answer.Right++
		default:
			answer.Wrong++
		}
	})
	return answer, nil
}

func describe(err error) string {
	if status.Code(err) == codes.OK {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", status.Code(err), status.Convert(err).Message())
}

// parallel does all numbers below count, so many at once.
func parallel(count int, atOnce int, work func(number int)) {
	numbers := make(chan int)
	var group sync.WaitGroup
	for range atOnce {
		group.Add(1)
		go func() {
			defer group.Done()
			for number := range numbers {
				work(number)
			}
		}()
	}
	for number := range count {
		numbers <- number
	}
	close(numbers)
	group.Wait()
}
