package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// node is a container that does what the metadata "do" says; without it, it echoes.
type node struct {
	calls  atomic.Int64
	lock   sync.Mutex
	groups map[string]*group
}

// group are calls that wait for each other.
type group struct {
	missing int
	all     chan struct{}
}

func serveGrpcNode(port int, ageMs int) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	one := &node{groups: map[string]*group{}}
	options := []grpc.ServerOption{grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(one.handle)}
	if ageMs > 0 {
		options = append(options, grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: time.Duration(ageMs) * time.Millisecond,
		}))
	}
	return grpc.NewServer(options...).Serve(listener)
}

func first(given metadata.MD, key string) string {
	if values := given.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

const callsALine = 500

func (one *node) handle(_ any, stream grpc.ServerStream) error {
	var body []byte
	if err := stream.RecvMsg(&body); err != nil {
		return err
	}
	if calls := one.calls.Add(1); calls%callsALine == 0 {
		fmt.Printf("calls %d\n", calls)
	}
	answer, err := one.answer(stream.Context(), body)
	if err != nil {
		return err
	}
	return stream.SendMsg(&answer)
}

func (one *node) answer(ctx context.Context, body []byte) ([]byte, error) {
	given, _ := metadata.FromIncomingContext(ctx)
	do, argument, _ := strings.Cut(first(given, "do"), ":")
	switch do {
	case "":
		return body, nil
	case "fail":
		return nil, failure(argument)
	case "hang":
		<-ctx.Done()
		fmt.Printf("gone %s %s\n", first(given, "seldon-puid"), why(ctx))
		return nil, status.FromContextError(ctx.Err()).Err()
	case "deadline":
		return textMessage(remaining(ctx)), nil
	case "size":
		bytes, err := strconv.Atoi(argument)
		return textMessage(strings.Repeat("a", bytes)), err
	case "gather":
		return body, one.gather(ctx, argument)
	case "gzip":
		return body, grpc.SetSendCompressor(ctx, "gzip")
	case "metadata":
		text, err := json.Marshal(told(given))
		return textMessage(string(text)), err
	}
	return nil, status.Errorf(codes.Unimplemented, "cannot do %q", do)
}

// failure reads CODE:DETAILS, escaped as in a URL, and adds details of a kind that only the client needs to know.
func failure(argument string) error {
	number, escaped, _ := strings.Cut(argument, ":")
	details, err := url.PathUnescape(escaped)
	if err != nil {
		return err
	}
	code, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	extra, err := anypb.New(wrapperspb.String("rich"))
	if err != nil {
		return err
	}
	made := status.New(codes.Code(code), details).Proto()
	made.Details = append(made.Details, extra)
	return status.ErrorProto(made)
}

func why(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "deadline"
	}
	return "cancelled"
}

func remaining(ctx context.Context) string {
	at, ok := ctx.Deadline()
	if !ok {
		return "none"
	}
	return strconv.FormatInt(time.Until(at).Milliseconds(), 10)
}

// gather answers when as many calls are here as the argument says.
func (one *node) gather(ctx context.Context, argument string) error {
	size, err := strconv.Atoi(argument)
	if err != nil {
		return err
	}
	one.lock.Lock()
	waiting := one.groups[argument]
	if waiting == nil {
		waiting = &group{missing: size, all: make(chan struct{})}
		one.groups[argument] = waiting
	}
	waiting.missing--
	if waiting.missing == 0 {
		close(waiting.all)
		delete(one.groups, argument)
	}
	one.lock.Unlock()
	select {
	case <-waiting.all:
		return nil
	case <-ctx.Done():
		fmt.Fprintf(os.Stderr, "gather: %d missing\n", waiting.missing)
		return status.FromContextError(ctx.Err()).Err()
	}
}
