// A best-practice gRPC proxy on grpc-go: what Go can do, for the bench to compare with.
//
// It decodes each request and encodes it anew, as a Go engine does, and so the answer; with
// -opaque, messages pass as bytes. Callers' metadata is forwarded, a request id is made. No
// metrics, no log.
//
// usage: grpc [-opaque] PORT NODE_PORT
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"

	"espalier.io/test/bench/pb"
)

const method = "/seldon.protos.Model/Predict"

// No window holds a message of the bench up.
const windowBytes = 8 << 20

func makeID() string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

// carried is what of a call goes on to the node.
func carried(ctx context.Context) (context.Context, string) {
	received, _ := metadata.FromIncomingContext(ctx)
	forwarded := metadata.MD{}
	for name, values := range received {
		if name[0] != ':' && name != "content-type" && name != "user-agent" {
			forwarded[name] = values
		}
	}
	id := ""
	if given := received.Get("seldon-puid"); len(given) > 0 {
		id = given[0]
	} else {
		id = makeID()
		forwarded.Set("seldon-puid", id)
	}
	return metadata.NewOutgoingContext(ctx, forwarded), id
}

// predict calls the node: Message is what requests and answers are decoded into.
func predict[Message any](node *grpc.ClientConn) grpc.MethodHandler {
	return func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		request, answer := new(Message), new(Message)
		if err := decode(request); err != nil {
			return nil, err
		}
		outgoing, id := carried(ctx)
		if err := grpc.SetHeader(ctx, metadata.Pairs("seldon-puid", id)); err != nil {
			return nil, err
		}
		if err := node.Invoke(outgoing, method, request, answer); err != nil {
			return nil, err
		}
		return answer, nil
	}
}

type frame struct{ bytes []byte }

// opaque passes messages on as they are.
type opaque struct{}

func (opaque) Name() string { return "proto" }

func (opaque) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.(*frame).bytes)}, nil
}

func (opaque) Unmarshal(data mem.BufferSlice, message any) error {
	message.(*frame).bytes = data.Materialize()
	return nil
}

func main() {
	asBytes := flag.Bool("opaque", false, "pass messages on as bytes")
	flag.Parse()
	if flag.NArg() != 2 {
		log.Fatal("usage: grpc [-opaque] PORT NODE_PORT")
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(windowBytes),
		grpc.WithInitialConnWindowSize(windowBytes),
		grpc.WithNoProxy(),
	}
	serve := []grpc.ServerOption{
		grpc.InitialWindowSize(windowBytes),
		grpc.InitialConnWindowSize(windowBytes),
	}
	if *asBytes {
		dial = append(dial, grpc.WithDefaultCallOptions(grpc.ForceCodecV2(opaque{})))
		serve = append(serve, grpc.ForceServerCodecV2(opaque{}))
	}
	node, err := grpc.NewClient("passthrough:127.0.0.1:"+flag.Arg(1), dial...)
	if err != nil {
		log.Fatal(err)
	}
	handler := predict[pb.SeldonMessage](node)
	if *asBytes {
		handler = predict[frame](node)
	}
	server := grpc.NewServer(serve...)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "seldon.protos.Seldon",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Predict", Handler: handler}},
	}, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:"+flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Serve(listener))
}
