// Command verify-account checks the provider's assumptions about Cloudfleet at a real
// account. It only reads, unless -write is set:
//
//	make verify-account
//	make verify-account ARGS=-write
//
// It uses the same environment variables as the provider. It prints no secrets and no
// values from answers, and changes only tokens that it creates itself.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/verifyaccount"
)

const (
	exitDiffers = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code, err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify-account:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	flags := flag.NewFlagSet("verify-account", flag.ContinueOnError)
	flags.SetOutput(stderr)
	write := flags.Bool("write", false, "also create, change, regenerate and delete tokens of its own")
	yes := flags.Bool("yes", false, "do not ask before writing")
	format := flags.String("format", "table", "table, json, or markdown to paste into an issue")
	region := flags.String("region", cfcr.DefaultRegion, "region of the registry to ask")
	if flags.Parse(args) != nil {
		return exitUsage, nil //nolint:nilerr // flags has said why
	}
	report, known := map[string]func(io.Writer, []verifyaccount.Result) error{
		"table": verifyaccount.WriteTable, "json": verifyaccount.WriteJSON, "markdown": verifyaccount.WriteMarkdown,
	}[*format]
	if !known {
		return exitUsage, fmt.Errorf("-format is table, json or markdown, not %q", *format)
	}
	options, err := options(*region)
	if err != nil {
		return exitUsage, err
	}
	if options.Write = *write; *write && !*yes {
		fmt.Fprintf(
			stderr,
			"This creates tokens named cloudfleet-verify-… at %s, changes them and deletes them again.\nContinue? [y/N] ",
			options.Endpoint,
		)
		if answer, _ := bufio.NewReader(stdin).ReadString('\n'); !strings.EqualFold(strings.TrimSpace(answer), "y") {
			return exitUsage, errors.New("nothing was done")
		}
	}
	if err := verifyaccount.Fit(ctx, options); err != nil {
		return exitUsage, fmt.Errorf("%w. Nothing was verified", err)
	}
	results, left := verifyaccount.Run(ctx, options)
	if err := report(stdout, results); err != nil {
		return exitDiffers, err
	}
	switch {
	case len(left) > 0:
		return exitDiffers, fmt.Errorf("left behind are these tokens; delete them in the Cloudfleet Console: %s", strings.Join(left, "; "))
	case ctx.Err() != nil:
		return exitDiffers, errors.New("interrupted; nothing is left behind")
	case verifyaccount.Count(results, verifyaccount.Differs) > 0:
		return exitDiffers, nil
	}
	return 0, nil
}

// options are those of the environment, as the provider reads it.
func options(region string) (verifyaccount.Options, error) {
	value := func(name, fallback string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return fallback
	}
	o := verifyaccount.Options{
		Endpoint: value("CLOUDFLEET_ENDPOINT", cloudfleet.DefaultEndpoint), OrganizationID: value("CLOUDFLEET_ORGANIZATION_ID", ""),
		TokenID: value("CLOUDFLEET_ACCESS_TOKEN_ID", ""), TokenSecret: value("CLOUDFLEET_ACCESS_TOKEN_SECRET", ""),
	}
	if o.OrganizationID == "" || o.TokenID == "" || o.TokenSecret == "" {
		return o, errors.New(
			"set CLOUDFLEET_ORGANIZATION_ID, CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET of an Administrator token",
		)
	}
	if _, err := cloudfleet.ParseEndpoint(o.Endpoint); err != nil {
		return o, err
	}
	if err := cfcr.CheckRegion(region); err != nil {
		return o, err
	}
	hostname := cfcr.Hostname(o.OrganizationID, region, value("CLOUDFLEET_REGISTRY_DOMAIN", cfcr.DefaultDomain))
	// Plain HTTP only where the provider would send credentials by it: to this machine.
	o.Registry = "http://" + hostname
	if _, err := cloudfleet.ParseEndpoint(o.Registry); err != nil {
		o.Registry = "https://" + hostname
	}
	return o, nil
}
