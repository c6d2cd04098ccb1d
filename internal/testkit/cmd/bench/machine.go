package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// machine describes where the results were measured.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory_bytes"`
	System string `json:"system"`
	Go     string `json:"go"`
	CLI    string `json:"cli"`
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %.0f GiB of memory, %s, %s, %s", m.CPU, m.Cores, float64(m.Memory)/(1<<30), m.System, m.CLI, m.Go)
}

var (
	cpuModel    = regexp.MustCompile(`(?m)^model name\s*: (.*)$`)
	memoryTotal = regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`)
)

func thisMachine(ctx context.Context, cli string) (machine, error) {
	m := machine{CPU: "unknown CPU", Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m, err
	}
	// Some architectures do not name their model.
	if found := cpuModel.FindSubmatch(cpu); found != nil {
		m.CPU = string(found[1])
	}
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return m, err
	}
	if found := memoryTotal.FindSubmatch(memory); found != nil {
		kib, err := strconv.ParseInt(string(found[1]), 10, 64)
		if err != nil {
			return m, err
		}
		m.Memory = kib << 10
	}
	version, err := exec.CommandContext(ctx, cli, "version").Output()
	m.CLI, _, _ = strings.Cut(string(version), "\n")
	return m, err
}
