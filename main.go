// Command terraform-provider-cloudfleet is a Terraform provider for Cloudfleet.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "keep running for a debugger, and print how Terraform reaches it")
	flag.Parse()

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
