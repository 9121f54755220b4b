//go:build tools

// Package h2spec names the conformance tests of HTTP/2, so that go.mod pins all they are made of.
package h2spec

import _ "github.com/summerwind/h2spec/cmd/h2spec"
