package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// rawCodec passes messages on as the bytes they are: what is tried here is the transport.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(value any) ([]byte, error) {
	if body, ok := value.(*[]byte); ok {
		return *body, nil
	}
	return nil, fmt.Errorf("%T is no message of bytes", value)
}

func (rawCodec) Unmarshal(data []byte, value any) error {
	body, ok := value.(*[]byte)
	if !ok {
		return fmt.Errorf("%T is no message of bytes", value)
	}
	*body = append([]byte(nil), data...)
	return nil
}

// strData is the number of the field in SeldonMessage.
const strData = 5

// textMessage is a SeldonMessage that holds a text.
func textMessage(text string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, strData, protowire.BytesType), text)
}

// numbered is a text that no other number gives, about as long as asked for.
func numbered(number int, bytes int) string {
	id := fmt.Sprintf("<%d>", number)
	return strings.Repeat(id, 1+bytes/len(id))
}
