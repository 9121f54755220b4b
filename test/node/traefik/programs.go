//go:build tools

// Package traefik names Traefik, an ingress that implements the Gateway API, so that go.mod pins
// all it is made of.
package traefik

import _ "github.com/traefik/traefik/v3/cmd/traefik"
