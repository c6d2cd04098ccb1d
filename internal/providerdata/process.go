package providerdata

import (
	"net/http"
	"os"
	"sync"
	"time"
)

// Process is the process that serves the provider to a CLI. Once the CLI has ended,
// nothing receives its answers.
type Process struct {
	// calls are those that must end before the process does.
	calls sync.WaitGroup
	gone  func() bool
	// Network, if set, takes the place of the network, for tests.
	Network http.RoundTripper
}

// NewProcess returns the running process, as the child of a CLI.
func NewProcess() *Process {
	parent := os.Getppid()
	return ProcessUntil(func() bool { return os.Getppid() != parent })
}

// ProcessUntil returns a process whose CLI has ended when gone reports so.
func ProcessUntil(gone func() bool) *Process { return &Process{gone: gone} }

// CLIIsGone reports whether the CLI that started the process has ended. A nil
// Process belongs to no CLI.
func (p *Process) CLIIsGone() bool { return p != nil && p.gone() }

// Begin notes a call that must end before the process does. Call the returned function at
// its end.
func (p *Process) Begin() (end func()) {
	if p == nil {
		return func() {}
	}
	p.calls.Add(1)
	return p.calls.Done
}

// WaitForCLI returns when the CLI has ended, and all calls have.
func (p *Process) WaitForCLI() {
	for !p.gone() {
		time.Sleep(time.Second)
	}
	p.calls.Wait()
}
