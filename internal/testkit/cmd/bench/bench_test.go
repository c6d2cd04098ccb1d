package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestScenarios(t *testing.T) {
	t.Parallel()
	got := scenarios([]int{10, 1000, 5000}, []time.Duration{0, time.Second}, 50)
	want := [][]scenario{
		{
			{subjectFloor, 10, 0, 0, false},
			{subjectStorer, 10, 0, 0, false},
			{subjectProvider, 10, 0, 0, false},
			{subjectStorer, 10, time.Second, 0, false},
			{subjectProvider, 10, time.Second, 0, false},
		},
		{
			{subjectFloor, 1000, 0, 0, false},
			{subjectStorer, 1000, 0, 0, false},
			{subjectProvider, 1000, 0, 0, false},
			{subjectStorer, 1000, time.Second, 0, false},
			{subjectProvider, 1000, time.Second, 0, false},
			{subjectStorer, 1000, 0, 50, false},
			{subjectProvider, 1000, 0, 50, false},
		},
		{
			{subjectFloor, 5000, 0, 0, true},
			{subjectStorer, 5000, 0, 0, true},
			{subjectProvider, 5000, 0, 0, true},
			{subjectStorer, 5000, time.Second, 0, true},
			{subjectProvider, 5000, time.Second, 0, true},
		},
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	for _, groups := range [][][]scenario{scenarios([]int{10}, []time.Duration{0}, 0), scenarios([]int{5000}, []time.Duration{0}, 50)} {
		if len(groups) != 1 || len(groups[0]) != 3 {
			t.Errorf("got %v, want no scenario with a rate limit", groups)
		}
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		"GET /v1/tokens":                  "list",
		"POST /v1/tokens":                 "create",
		"GET /v1/tokens/2iKo":             "get",
		"PUT /v1/tokens/2iKo":             "update",
		"DELETE /v1/tokens/2iKo":          "delete",
		"POST /v1/tokens/2iKo/regenerate": "regenerate",
		"GET /v1/organization":            "organization",
		"POST /v1/tokens/2iKo":            "POST /v1/tokens/2iKo",
		"DELETE /v1/tokens":               "DELETE /v1/tokens",
	} {
		method, path, _ := strings.Cut(call, " ")
		if got := kind(method, path); got != want {
			t.Errorf("%s is %q, want %q", call, got, want)
		}
	}
}

func TestCloudCounts(t *testing.T) {
	t.Parallel()
	c, err := startCloud(1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	get := func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.endpoint+"/tokens", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(c.TokenID, c.TokenSecret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	get()
	get()
	var m, none measurement
	c.count(&m)
	if m.Calls[callList] != 1 || m.calls() != 1 || m.Refused != 1 || m.Connections != 1 {
		t.Errorf("got %v, %d refused, %d connections, want one each", m.Calls, m.Refused, m.Connections)
	}
	const latency = 20 * time.Millisecond
	c.delay(latency)
	start := time.Now()
	get()
	if elapsed := time.Since(start); elapsed < latency {
		t.Errorf("an answer took %s, want at least %s", elapsed, latency)
	}
	c.forget()
	c.count(&none)
	if none.calls() != 0 || none.Refused != 0 || none.Connections != 0 {
		t.Errorf("got %v, %d refused, %d connections, want none", none.Calls, none.Refused, none.Connections)
	}
}

func TestMedians(t *testing.T) {
	t.Parallel()
	apply, plan := key{Operation: opApply}, key{Operation: opPlan}
	got := medians([]measurement{
		{key: apply, Seconds: 3}, {key: plan, Seconds: 1}, {key: apply, Seconds: 1}, {key: plan, Seconds: 9, Failure: "Could not read"},
		{key: apply, Seconds: 2}, {key: plan, Seconds: 2},
	})
	if len(got) != 2 || got[0].key != apply || got[0].Seconds != 2 || got[1].key != plan || got[1].Failure == "" {
		t.Errorf("got %v", got)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{
		0: "0", 0.05: "0.05", 1.1: "1.1", 1.149: "1.15", 10: "10", 100: "100", 1000: "1,000", 12345.5: "12,345.5", 1234567: "1,234,567",
	} {
		if got := number(f); got != want {
			t.Errorf("%v is %s, want %s", f, got, want)
		}
	}
}

func someReport() *report {
	apply := func(subject string, latency time.Duration, m measurement) measurement {
		m.key = key{subject, 1000, latency, 0, opApply}
		return m
	}
	return &report{
		Machine: machine{CPU: "Some CPU", Cores: 4, Memory: 8 << 30, System: "linux/amd64", Go: "go1.26", CLI: "Terraform v1.11.4"},
		Measurements: []measurement{
			apply(subjectFloor, 0, measurement{Seconds: 4}),
			apply(
				subjectProvider,
				0,
				measurement{Seconds: 5, Calls: map[string]int{callList: 1, callCreate: 1000}, Connections: 10, PeakMemory: 50 << 20},
			),
			apply(subjectProvider, 50*time.Millisecond, measurement{Seconds: 6, Refused: 7, Failure: "Could not create"}),
			apply(subjectStorer, 0, measurement{Seconds: 4.5, PeakMemory: 48 << 20}),
			{key: key{subjectStorer, 1000, 0, 50, opApply}, Seconds: 20},
			apply(subjectStorer, time.Millisecond, measurement{Seconds: 5}),
			apply(subjectProvider, time.Millisecond, measurement{Seconds: 5.5}),
			{key: key{subjectProvider, 1000, 0, 50, opApply}, Seconds: 21, Calls: map[string]int{callCreate: 1000}},
		},
		Binaries: []binary{{subjectProvider, 18 << 20, 7 * time.Millisecond}},
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	if err := measurementTable(someReport(), func(measurement) bool { return true }).text(&text); err != nil {
		t.Fatal(err)
	}
	const want = `
what            tokens  condition    operation  seconds  ÷ floor  ÷ storer  calls                     refused  connections  peak MiB
terraform_data  1,000   no calls     apply      4.00     1.00     0.89                                –        –            –
cloudfleet      1,000   0 ms         apply      5.00     1.25     1.11      1,000 create, 1 list      –        10           50
cloudfleet      1,000   50 ms        apply      6.00     –        –         FAILED: Could not create  7        –            –
storer          1,000   no calls     apply      4.50     1.12     1.00                                –        –            48
storer          1,000   50 writes/s  apply      20.00    5.00     1.00                                –        –            –
storer          1,000   1 ms/write   apply      5.00     1.25     1.00                                –        –            –
cloudfleet      1,000   1 ms         apply      5.50     1.38     1.10                                –        –            –
cloudfleet      1,000   50 calls/s   apply      21.00    5.25     1.05      1,000 create              –        –            –
`
	if got := "\n" + text.String(); got != want {
		t.Errorf("got %s", got)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	const want = "| what | binary MiB | start-up ms |\n| --- | --- | --- |\n| cloudfleet | 18.0 | 7.0 |\n"
	if got := binaryTable(someReport()).markdown(); got != want {
		t.Errorf("got %s", got)
	}
}

func TestChart(t *testing.T) {
	t.Parallel()
	r := someReport()
	r.Measurements = append(r.Measurements,
		measurement{key: key{subjectProvider, 1000, 0, 50, opPlan}, Seconds: 0.01},
		measurement{key: key{subjectProvider, 10, 0, 0, opApply}, Seconds: 9},
	)
	const want = `
apply of 1,000     terraform_data  ███████▋ 4.0 s
                   0 ms            █████████▌ 5.0 s
                   1 ms            ██████████▌ 5.5 s
                   50 calls/s      ████████████████████████████████████████ 21.0 s

plan of 1,000      50 calls/s      ▏ 0.0 s
`
	if got := "\n" + chart(bars(r)); got != want {
		t.Errorf("got %s", got)
	}
	if got := blocks(0.512); got != "████████████████████▌" {
		t.Errorf("got %s", got)
	}
}

func TestUpdateGuide(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "guide.md")
	r := someReport()
	var before string
	for _, text := range []string{"# Guide\n" + beginMark + "old\n" + endMark + "The end.\n", ""} {
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := updateGuide(path, r); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := string(content)
		if !strings.HasPrefix(got, "# Guide\n"+beginMark) || !strings.HasSuffix(got, endMark+"The end.\n") || strings.Contains(got, "old") {
			t.Errorf("got %s", got)
		}
		for _, part := range []string{"Measured on Some CPU, 4 cores, 8 GiB of memory, linux/amd64, Terraform v1.11.4, go1.26.", "████ 21.0 s", "| cloudfleet | 1,000 | 0 ms |"} {
			if !strings.Contains(got, part) {
				t.Errorf("it lacks %q: %s", part, got)
			}
		}
		if before != "" && got != before {
			t.Errorf("a second update changed it from %s to %s", before, got)
		}
		before = got
	}
	if err := os.WriteFile(path, []byte("# Guide\n"+beginMark), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := updateGuide(path, r); err == nil {
		t.Error("a guide without the marks is no error")
	}
}

func TestReportIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bench.json")
	want := someReport()
	if err := want.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readReport(path)
	if err != nil {
		t.Fatal(err)
	}
	if section(&got) != section(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
