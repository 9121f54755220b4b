// Command peer is the Go side of the interop tests: clients that are asked by lines of JSON, and
// containers for a graph, over net/http and grpc-go. See ../README.md.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: peer clients | grpc-node -port N [-age MS] | rest-node -port N | version")
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	port := flags.Int("port", 0, "port of 127.0.0.1 to listen on")
	age := flags.Int("age", 0, "milliseconds after which a connection is sent GOAWAY; 0 never")
	if err := flags.Parse(os.Args[2:]); err != nil {
		fail(err.Error())
	}
	switch os.Args[1] {
	case "clients":
		serveLines()
	case "grpc-node":
		fail(serveGrpcNode(*port, *age).Error())
	case "rest-node":
		fail(serveRestNode(*port).Error())
	case "version":
		fmt.Println("1")
	default:
		fail("unknown: " + os.Args[1])
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}

const longestLine = 64 << 20

// serveLines answers each line of the input by one of the output, in order.
func serveLines() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), longestLine)
	for lines.Scan() {
		answer, err := answerTo(lines.Bytes())
		told := map[string]any{"answer": answer}
		if err != nil {
			told = map[string]any{"broken": err.Error()}
		}
		text, err := json.Marshal(told)
		if err != nil {
			fail(err.Error())
		}
		fmt.Printf("answer %s\n", text)
	}
}

func answerTo(line []byte) (any, error) {
	var asked struct {
		Call string `json:"call"`
	}
	if err := json.Unmarshal(line, &asked); err != nil {
		return nil, err
	}
	switch asked.Call {
	case "unary":
		return decoded(line, callUnary)
	case "many":
		return decoded(line, callMany)
	case "rest":
		return decoded(line, callRest)
	case "rest-many":
		return decoded(line, callRestMany)
	}
	return nil, fmt.Errorf("no call %q", asked.Call)
}

func decoded[Ask any, Answer any](line []byte, call func(Ask) (Answer, error)) (any, error) {
	var ask Ask
	if err := json.Unmarshal(line, &ask); err != nil {
		return nil, err
	}
	return call(ask)
}
