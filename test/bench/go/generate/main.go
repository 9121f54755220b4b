// Makes package pb out of our .proto files: what `protoc --go_out` does, without protoc.
//
// usage: generate PROTO_FOLDER INTO
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

const parameter = "Mseldon.proto=espalier.io/test/bench/pb,Mtensor.proto=espalier.io/test/bench/pb"

var wanted = []string{"tensor.proto", "seldon.proto"}

// withImports answers a file behind all that it imports.
func withImports(file protoreflect.FileDescriptor, seen map[string]bool) []*descriptorpb.FileDescriptorProto {
	if seen[file.Path()] {
		return nil
	}
	seen[file.Path()] = true
	var all []*descriptorpb.FileDescriptorProto
	for i := range file.Imports().Len() {
		all = append(all, withImports(file.Imports().Get(i).FileDescriptor, seen)...)
	}
	return append(all, protodesc.ToFileDescriptorProto(file))
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: generate PROTO_FOLDER INTO")
	}
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{os.Args[1]}}),
	}
	files, err := compiler.Compile(context.Background(), wanted...)
	if err != nil {
		log.Fatal(err)
	}
	seen := map[string]bool{}
	request := &pluginpb.CodeGeneratorRequest{FileToGenerate: wanted, Parameter: proto.String(parameter)}
	for _, file := range files {
		request.ProtoFile = append(request.ProtoFile, withImports(file, seen)...)
	}
	plugin, err := protogen.Options{}.New(request)
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range plugin.Files {
		if file.Generate {
			internal_gengo.GenerateFile(plugin, file)
		}
	}
	answer := plugin.Response()
	if answer.Error != nil {
		log.Fatal(*answer.Error)
	}
	if err := os.MkdirAll(os.Args[2], 0o755); err != nil {
		log.Fatal(err)
	}
	for _, file := range answer.File {
		into := filepath.Join(os.Args[2], filepath.Base(file.GetName()))
		if err := os.WriteFile(into, []byte(file.GetContent()), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
