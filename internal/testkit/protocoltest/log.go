package protocoltest

import (
	"bytes"
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/hashicorp/terraform-plugin-log/tfsdklogtest"
)

// Log is what the provider and its framework log at TRACE.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Logged returns a context for calls of a Provider, and the log of these calls.
func Logged(ctx context.Context) (context.Context, *Log) {
	l := &Log{}
	return tflogtest.RootLogger(tfsdklogtest.RootLogger(ctx, l), l), l
}

func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
