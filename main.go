// Command terraform-provider-cloudfleet is a Terraform provider for Cloudfleet.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "keep running for a debugger, and print how Terraform reaches it")
	flag.Parse()
	if !*debug {
		logOnlyIfRead()
	}

	ctx := context.Background()
	err := providerserver.Serve(ctx, provider.New(version), providerserver.ServeOpts{
		Address: provider.Address,
		Debug:   *debug,
	})
	provider.Shutdown(ctx)
	if err != nil {
		log.Fatal(err)
	}
}

// logOnlyIfRead turns the log off where a CLI was not asked for one. The plugin
// libraries would log each of their steps, and the CLI would parse all of it only to
// drop it: a third of the time of a plan of many tokens.
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
