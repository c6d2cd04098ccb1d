//go:build linux

// Command meter stands where a CLI looks for a provider. It runs the provider that
// BENCH_PLUGIN names and, once that has ended, adds its peak memory (resident set
// size in KiB) as a line to the file that BENCH_MEMORY names.
//
// It is a program of its own because Linux counts the memory of whoever starts a
// process towards that process's peak: this one is smaller than any provider.
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
	// A provider is stopped by its CLI alone, and Ctrl-C reaches all of them.
	signal.Ignore(os.Interrupt)
	// The kernel takes the end of the thread for the end of the parent.
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
