//go:build tools

// Package node names the programs of a Kubernetes node, and the scheduler that fills it, so that
// go.mod pins all they are made of.
package node

import (
	_ "k8s.io/kubernetes/cmd/kube-proxy"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "k8s.io/kubernetes/cmd/kubelet"
)
