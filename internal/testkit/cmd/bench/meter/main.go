//go:build linux

// Command meter is run by a CLI as the provider. It runs the provider in BENCH_PLUGIN
// and, when that has ended, adds its peak memory (resident set size in KiB) as a line to
// the file in BENCH_MEMORY.
//
// It is a separate program because Linux counts the memory of a parent process towards
// the peak of the process that it starts: this one is smaller than any provider.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "meter:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run() (exitCode int, err error) {
	// Only the CLI stops a provider, but Ctrl-C reaches all processes.
	signal.Ignore(os.Interrupt)
	// The kernel signals the child when the thread of the parent ends.
	runtime.LockOSThread()
	plugin := exec.Command(os.Getenv("BENCH_PLUGIN"), os.Args[1:]...)
	plugin.Stdin, plugin.Stdout, plugin.Stderr = os.Stdin, os.Stdout, os.Stderr
	plugin.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := plugin.Start(); err != nil {
		return 0, err
	}
	_ = plugin.Wait() // the CLI reports how it ended
	usage, ok := plugin.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, fmt.Errorf("the system does not say how much memory %s took", plugin.Path)
	}
	file, err := os.OpenFile(os.Getenv("BENCH_MEMORY"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	_, err = fmt.Fprintln(file, usage.Maxrss)
	return plugin.ProcessState.ExitCode(), err
}
