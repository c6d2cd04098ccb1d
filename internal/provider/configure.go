package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

// argument is an argument of the provider block, with its environment variable and
// default.
type argument struct {
	name, variable, fallback string
	check                    func(string) error
}

var (
	organizationID    = argument{"organization_id", "CLOUDFLEET_ORGANIZATION_ID", "", validate.UUID}
	accessTokenID     = argument{"access_token_id", "CLOUDFLEET_ACCESS_TOKEN_ID", "", checkAccessTokenID}
	accessTokenSecret = argument{"access_token_secret", "CLOUDFLEET_ACCESS_TOKEN_SECRET", "", checkSecret}
	endpoint          = argument{"endpoint", "CLOUDFLEET_ENDPOINT", cloudfleet.DefaultEndpoint, checkEndpoint}
	registryDomain    = argument{"registry_domain", "CLOUDFLEET_REGISTRY_DOMAIN", cfcr.DefaultDomain, cfcr.CheckDomain}
	requestTimeout    = argument{"request_timeout", "CLOUDFLEET_REQUEST_TIMEOUT", cloudfleet.DefaultRequestTimeout.String(), checkTimeout}
	maxRetries        = argument{"max_retries", "CLOUDFLEET_MAX_RETRIES", strconv.Itoa(cloudfleet.DefaultMaxRetries), checkRetries}
)

// source describes for the documentation where a value comes from.
func (a argument) source() string {
	s := "Environment variable: `" + a.variable + "`."
	if a.fallback != "" {
		s += " Default: `" + a.fallback + "`."
	}
	return s
}

// value returns the configured value, else that of the variable if it is not empty, else
// the default, else null. The schema has validated a configured value.
func (a argument) value(configured types.String, diags *diag.Diagnostics) types.String {
	if !configured.IsNull() {
		return configured
	}
	if value := os.Getenv(a.variable); value != "" {
		if err := a.check(value); err != nil {
			diags.AddAttributeError(path.Root(a.name), "Invalid "+a.variable, tfdiag.Sentence(err))
		}
		return types.StringValue(value)
	}
	if a.fallback != "" {
		return types.StringValue(a.fallback)
	}
	return types.StringNull()
}

// settings is the provider's configuration, with variables and defaults applied.
type settings struct {
	organizationID, accessTokenID, accessTokenSecret, endpoint, registryDomain, requestTimeout, maxRetries types.String
	// credentialNote says where the two halves of the credential come from, if these are
	// two places: they may not belong together.
	credentialNote string
}

func (m model) settings(diags *diag.Diagnostics) settings {
	retries := types.StringNull()
	switch {
	case m.MaxRetries.IsUnknown():
		retries = types.StringUnknown()
	case !m.MaxRetries.IsNull():
		retries = types.StringValue(strconv.FormatInt(validate.Int64(m.MaxRetries), 10))
	}
	s := settings{
		organizationID:    organizationID.value(m.OrganizationID, diags),
		accessTokenID:     accessTokenID.value(m.AccessTokenID, diags),
		accessTokenSecret: accessTokenSecret.value(m.AccessTokenSecret, diags),
		endpoint:          endpoint.value(m.Endpoint, diags),
		registryDomain:    registryDomain.value(m.RegistryDomain, diags),
		requestTimeout:    requestTimeout.value(m.RequestTimeout, diags),
		maxRetries:        maxRetries.value(retries, diags),
	}
	switch {
	case m.AccessTokenID.IsNull() && !m.AccessTokenSecret.IsNull():
		s.credentialNote = "The ID comes from " + accessTokenID.variable + " and the secret from the provider block: they may not " +
			"belong together."
	case !m.AccessTokenID.IsNull() && m.AccessTokenSecret.IsNull():
		s.credentialNote = "The ID comes from the provider block and the secret from " + accessTokenSecret.variable + ": they may " +
			"not belong together."
	}
	requireOther(accessTokenID, s.accessTokenID, accessTokenSecret, s.accessTokenSecret, diags)
	requireOther(accessTokenSecret, s.accessTokenSecret, accessTokenID, s.accessTokenID, diags)
	return s
}

// requireOther reports a missing half of the credential.
func requireOther(a argument, value types.String, other argument, otherValue types.String, diags *diag.Diagnostics) {
	if !value.IsNull() && !value.IsUnknown() && otherValue.IsNull() {
		diags.AddAttributeError(path.Root(other.name), "Missing "+other.name, fmt.Sprintf(
			"%[1]s and %[2]s must be set together, and only %[1]s is. Set %[2]s or the environment variable %[3]s as well.",
			a.name, other.name, other.variable))
	}
}

// client returns the client. It does no I/O before its first call.
func (s settings) client(userAgent string, process *providerdata.Process) (*cloudfleet.Client, error) {
	for _, v := range []types.String{s.accessTokenID, s.accessTokenSecret, s.endpoint, s.requestTimeout, s.maxRetries} {
		if v.IsUnknown() {
			return cloudfleet.Unavailable(tfdiag.ErrNotYetKnown), nil
		}
	}
	timeout, err := time.ParseDuration(s.requestTimeout.ValueString())
	if err != nil {
		return nil, err
	}
	retries, err := strconv.Atoi(s.maxRetries.ValueString())
	if err != nil {
		return nil, err
	}
	o := cloudfleet.Options{
		Endpoint:          s.endpoint.ValueString(),
		OrganizationID:    s.organizationID.ValueString(), // empty, which allows any, if unknown
		AccessTokenID:     s.accessTokenID.ValueString(),
		AccessTokenSecret: s.accessTokenSecret.ValueString(),
		CredentialNote:    s.credentialNote,
		UserAgent:         userAgent,
		RequestTimeout:    timeout,
		MaxRetries:        retries,
		Log:               tflog.Debug,
		Warn:              tflog.Warn,
	}
	if process != nil && process.Network != nil {
		return cloudfleet.NewOver(process.Network, o)
	}
	return cloudfleet.New(o)
}

// calls configures calls of a registry. Unknown values have their defaults.
func (s settings) calls(userAgent string) oci.Options {
	timeout, err := time.ParseDuration(s.requestTimeout.ValueString())
	if err != nil {
		timeout = cloudfleet.DefaultRequestTimeout
	}
	retries, err := strconv.Atoi(s.maxRetries.ValueString())
	if err != nil {
		retries = cloudfleet.DefaultMaxRetries
	}
	return oci.Options{UserAgent: userAgent, RequestTimeout: timeout, MaxRetries: retries, Log: tflog.Debug, Warn: tflog.Warn}
}

func (p *Provider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := m.settings(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	userAgent := fmt.Sprintf("terraform-provider-cloudfleet/%s (Terraform/%s)", p.version, req.TerraformVersion)
	client, err := s.client(userAgent, p.process)
	if err != nil {
		resp.Diagnostics.AddError("Invalid provider configuration", tfdiag.Sentence(err))
		return
	}
	data := &providerdata.Data{
		Client:            client,
		OrganizationID:    s.organizationID,
		RegistryDomain:    s.registryDomain,
		AccessTokenID:     s.accessTokenID,
		AccessTokenSecret: func() types.String { return s.accessTokenSecret },
		Registries:        &providerdata.Registries{},
		Ephemeral:         p.ephemeral,
		Process:           p.process,
	}
	data.Calls = s.calls(userAgent)
	if p.process != nil {
		data.Calls.Network = p.process.Network
	}
	resp.ResourceData = data
	resp.DataSourceData = data
	resp.ListResourceData = data
	resp.ActionData = data
	resp.EphemeralResourceData = data
}

func checkEndpoint(s string) error {
	_, err := cloudfleet.ParseEndpoint(s)
	return err
}

// checkAccessTokenID does not repeat the value in its error: it is the secret if the two
// were swapped.
func checkAccessTokenID(s string) error {
	if strings.HasPrefix(s, "cf_secret_") {
		return errors.New("the ID of the access token looks like a secret: the ID and the secret may be swapped")
	}
	if err := checkInvisible("ID of the access token", s); err != nil {
		return err
	}
	if cloudfleet.CheckTokenID(s) != nil {
		return errors.New("this is not the ID of an API token, which looks like 2iKo4Asy51EUx2gpJFW76t")
	}
	return nil
}

// quoted matches a text with quotation marks around it. It is compiled when it is first
// needed, so that the provider starts faster.
var quoted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^[\"'`“”‘’„«].*[\"'`“”‘’»]$") })

// checkInvisible reports characters that are often copied or generated into a credential
// by mistake.
func checkInvisible(what, s string) error {
	switch {
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cf, r) }):
		return fmt.Errorf(
			"the %s contains an invisible character, such as a byte order mark or a zero-width space: copy it again as plain "+
				"text",
			what,
		)
	case quoted().MatchString(s):
		return fmt.Errorf("the %s has quotation marks around it: remove them", what)
	}
	return nil
}

// checkSecret does not repeat the secret in its error.
func checkSecret(s string) error {
	switch {
	case s == "":
		return errors.New("the secret is empty. To use the environment variable, remove the argument")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return errors.New("the secret contains a space or a line break, perhaps from the end of a file: use trimspace() in a " +
			"configuration, or remove it from the environment variable")
	}
	return checkInvisible("secret", s)
}

func checkTimeout(s string) error {
	if d, err := time.ParseDuration(s); err != nil || d <= 0 {
		return fmt.Errorf("%q is not a duration above zero, such as 30s or 2m", s)
	}
	return nil
}

// retriesLimit is the maximum of max_retries.
const retriesLimit = 20

func checkRetries(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 || n > retriesLimit {
		return fmt.Errorf("%q is not a whole number from 0 to %d", s, retriesLimit)
	}
	return nil
}
