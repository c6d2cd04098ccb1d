// Command terraform-provider-cloudfleet is a Terraform provider for Cloudfleet.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
)

// version is set by the release build.
var version = "dev"

// gcPercent is how much the heap grows between two garbage collections. Go's default of 100
// takes a fifth more processor time for a plan of many tokens, and half the memory.
const gcPercent = 300

func main() {
	showVersion := flag.Bool("version", false, "print the version, the commit and the version of Go")
	debugging := flag.Bool("debug", false, "keep running for a debugger, and print how Terraform and OpenTofu reach it")
	flag.Parse()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if *showVersion {
		fmt.Println(buildVersion())
		return
	}
	if !*debugging {
		logOnlyIfRead()
	}

	process := providerdata.NewProcess()
	p := provider.NewInProcess(version, process)
	if *debugging {
		p = provider.NewInProcess(version, nil)
		fmt.Println("For OpenTofu, write registry.opentofu.org in place of registry.terraform.io in TF_REATTACH_PROVIDERS.")
	} else {
		outlive(p, process)
	}
	err := providerserver.Serve(context.Background(), func() fwprovider.Provider { return p }, providerserver.ServeOpts{
		Address: provider.Address,
		Debug:   *debugging,
	})
	shutdown(p)
	if err != nil {
		log.Fatal(err)
	}
}

// buildVersion returns the version, with the commit if the build knows it.
func buildVersion() string {
	commit := "unknown commit"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				commit = setting.Value
			}
		}
	}
	return fmt.Sprintf("terraform-provider-cloudfleet %s (%s, %s)", version, commit, runtime.Version())
}

// outlive keeps the process alive when a signal is sent to the whole process group: the
// CLI decides when a provider ends, and requests that were sent must be completed. The
// process ends by itself when the CLI has ended and all requests are complete.
func outlive(p *provider.Provider, process *providerdata.Process) {
	// The signals are not ignored, because a credential helper would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		process.WaitForCLI()
		shutdown(p)
		os.Exit(1)
	}()
}

// shutdown deletes the open ephemeral tokens. The CLI no longer receives diagnostics, so
// that they go to the log.
func shutdown(p *provider.Provider) {
	for _, d := range p.Shutdown(context.Background()) {
		log.Printf("[ERROR] %s: %s", d.Summary(), d.Detail())
	}
}

// logOnlyIfRead turns the log off unless the CLI was asked for one. The plugin libraries
// would log each of their steps, and the CLI would parse and drop all of it: a third of
// the time of a plan of many tokens.
func logOnlyIfRead() {
	asked := func(variable string) bool { return strings.HasPrefix(variable, "TF_LOG") }
	if slices.ContainsFunc(os.Environ(), asked) {
		return
	}
	for _, logger := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_CLOUDFLEET"} {
		if err := os.Setenv(logger, "off"); err != nil {
			log.Print(err)
		}
	}
}
