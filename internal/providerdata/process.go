package providerdata

import (
	"os"
	"sync"
	"time"
)

// Process is the process that serves the provider to a CLI. Where the CLI is gone,
// no answer reaches anybody.
type Process struct {
	// calls are those that have to end before the process does.
	calls sync.WaitGroup
	gone  func() bool
}

// NewProcess returns the process that runs now, as the child of a CLI.
func NewProcess() *Process {
	parent := os.Getppid()
	return &Process{gone: func() bool { return os.Getppid() != parent }}
}

// CLIIsGone reports whether the CLI that started the process has ended. A nil
// Process belongs to no CLI.
func (p *Process) CLIIsGone() bool { return p != nil && p.gone() }

// Begin notes a call that has to end before the process may; the function that it
// returns ends it.
func (p *Process) Begin() (end func()) {
	if p == nil {
		return func() {}
	}
	p.calls.Add(1)
	return p.calls.Done
}

// WaitForCLI returns when the CLI is gone and all calls have ended.
func (p *Process) WaitForCLI() {
	for !p.gone() {
		time.Sleep(time.Second)
	}
	p.calls.Wait()
}
