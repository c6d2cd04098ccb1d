package apitoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure = (*EphemeralResource)(nil)
	_ ephemeral.EphemeralResourceWithClose     = (*EphemeralResource)(nil)
)

const (
	// sweepTimeout limits how long a run waits for the deletion of tokens that earlier
	// runs left behind.
	sweepTimeout = time.Minute
	// removeTimeout is slightly less than OpenTofu's limit for a Close. When that is
	// exceeded, the run fails with a message that does not name the token.
	removeTimeout = 9 * time.Second

	// privateID is the key of the token's ID in the private data of an open token.
	privateID = "id"
)

// EphemeralResource is the ephemeral cloudfleet_api_token: a token for the length of
// a run.
type EphemeralResource struct {
	data *providerdata.Data
}

// NewEphemeralResource returns the ephemeral resource for the provider to serve.
func NewEphemeralResource() ephemeral.EphemeralResource { return &EphemeralResource{} }

func (e *EphemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

func (e *EphemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API token for one run, which is in no plan and no state. A plan creates and deletes one, and the apply " +
			"another. Requires Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the token, such as `terraform-push`: 1 to 216 characters, no control characters, no space " +
					"at either end. Use a different name in each configuration.",
				Validators: []validator.String{validate.String(checkEphemeralName)},
			},
			"role": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: tokenkit.RoleDescription,
				Validators:          []validator.String{validate.String(cloudfleet.CheckRole)},
			},
			"ttl": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "How long the run may need the token, as a number with a unit, such as `90m`: 5 minutes to 24 " +
					"hours. Make it longer than any plan or apply takes, because after it another run deletes the token. Default: `" + defaultTTL + "`.",
				Validators: []validator.String{validate.String(checkTTL)},
			},
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "ID of the token: the user name for `docker login`.",
			},
			"secret": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "Secret of the token: the password for `docker login`.",
			},
			"expires_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the `ttl` ends, RFC 3339 in UTC, by the clock of this machine. The token is valid until it is deleted.",
			},
		},
	}
}

func (e *EphemeralResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.data = providerdata.From(req.ProviderData, &resp.Diagnostics)
}

// Open creates the token as its last step, and deletes it again if it cannot return it:
// only what Open returns is closed later.
func (e *EphemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	if providerdata.DeferOpen(ctx, resp, tfdiag.Defers(e.data.Client, req.ClientCapabilities.DeferralAllowed)) {
		return
	}
	var m ephemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if m.TTL.IsNull() {
		m.TTL = types.StringValue(defaultTTL)
	}
	ttl, err := time.ParseDuration(m.TTL.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("ttl"), "Invalid ttl", tfdiag.Sentence(err))
		return
	}
	defer e.data.Process.Begin()()
	warnings := e.sweep(ctx, m.Name.ValueString())
	expires := time.Now().Add(ttl)
	name := ephemeralName(m.Name.ValueString(), expires)
	token, ambiguous, err := e.data.Client.CreateToken(ctx, cloudfleet.TokenSettings{Name: name, Role: cloudfleet.Role(m.Role.ValueString())})
	if err != nil {
		resp.Diagnostics.Append(e.notCreated(ctx, m.Name.ValueString(), name, err)...)
		return
	}
	// An error without a token needs no warnings.
	resp.Diagnostics.Append(warnings...)
	resp.Diagnostics.Append(m.handOver(ctx, token, expires, resp)...)
	resp.Diagnostics.Append(tokenkit.WarnOfLeftovers(ctx, e.data.Client, token, ambiguous)...)
	if resp.Diagnostics.HasError() || e.data.Process.CLIIsGone() {
		resp.Diagnostics.Append(e.remove(ctx, token.ID)...)
		return
	}
	e.data.Ephemeral.Add(token.ID, func(ctx context.Context) diag.Diagnostics { return e.remove(ctx, token.ID) })
}

// notCreated says what became of a create that failed. fullName is the name at Cloudfleet.
func (e *EphemeralResource) notCreated(ctx context.Context, name, fullName string, err error) (diags diag.Diagnostics) {
	silent, isSilent := errors.AsType[cloudfleet.NoSecretError](err)
	var consequence string
	if !isSilent && cloudfleet.MayHaveActed(err) {
		consequence = fmt.Sprintf("Cloudfleet may have created the token, with the name %q. The next run that opens an ephemeral token "+
			"%q after that time deletes it.", fullName, name)
	}
	diags = tfdiag.FromError(fmt.Sprintf("Could not create ephemeral API token %q", name), consequence, err, "name", "role")
	if isSilent {
		diags.Append(e.remove(ctx, silent.ID)...)
	}
	return diags
}

// handOver writes the token to the response of an Open.
func (m *ephemeralModel) handOver(
	ctx context.Context,
	token cloudfleet.Token,
	expires time.Time,
	resp *ephemeral.OpenResponse,
) diag.Diagnostics {
	var diags diag.Diagnostics
	// After an interrupt, the CLI may not read the response.
	if err := ctx.Err(); err != nil {
		return tfdiag.FromError(fmt.Sprintf("Could not return ephemeral API token %q", m.Name.ValueString()), "", err)
	}
	m.ID = types.StringValue(token.ID)
	m.Secret = types.StringValue(token.Secret)
	m.ExpiresAt = tokenkit.Timestamp(expires)
	diags.Append(resp.Result.Set(ctx, m)...)
	id, err := json.Marshal(token.ID)
	if err != nil {
		diags.AddError("Could not store the ID of an ephemeral API token", tfdiag.Sentence(err))
		return diags
	}
	diags.Append(resp.Private.SetKey(ctx, privateID, id)...)
	return diags
}

// Close deletes the token.
func (e *EphemeralResource) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	content, diags := req.Private.GetKey(ctx, privateID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	var id string
	if err := json.Unmarshal(content, &id); err != nil {
		resp.Diagnostics.AddWarning(
			"Could not delete an ephemeral API token",
			"Its ID is not in what Terraform hands back: "+tfdiag.Sentence(err),
		)
		return
	}
	resp.Diagnostics.Append(e.remove(ctx, id)...)
}

// remove deletes a token that is no longer needed, even if the run is interrupted. It
// returns only warnings: the run itself has succeeded.
func (e *EphemeralResource) remove(ctx context.Context, id string) diag.Diagnostics {
	ctx, cancel := withTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	err := e.data.Client.DeleteToken(ctx, cloudfleet.KnownToken{ID: id})
	if err == nil || cloudfleet.IsNotFound(err) {
		e.data.Ephemeral.Remove(id)
		return nil
	}
	return asWarnings(tfdiag.FromError("Could not delete ephemeral API token "+id, fmt.Sprintf(
		"Its secret may still be valid, at the API and at every registry. Delete it in the Cloudfleet Console under API "+
			"tokens, or with `cloudfleet tokens delete %s`. Otherwise the next run that opens an ephemeral token of this "+
			"name after it has expired deletes it.", id), timeoutCause(ctx, err)))
}

// sweep deletes tokens with this name that killed runs left behind. It returns only
// warnings: the token of this run does not depend on it.
func (e *EphemeralResource) sweep(ctx context.Context, name string) diag.Diagnostics {
	ctx, cancel := withTimeout(ctx, sweepTimeout)
	defer cancel()
	const consequence = "This does not affect the token of this run. The next run that opens an ephemeral token of this name tries again."
	now := time.Now()
	tokens, err := leftovers(ctx, e.data.Client, func(tokenName string) bool { return leftBehind(tokenName, name, now) })
	if err != nil {
		return asWarnings(
			tfdiag.FromError(fmt.Sprintf("Could not look for expired ephemeral API tokens %q", name), consequence, timeoutCause(ctx, err)),
		)
	}
	var diags diag.Diagnostics
	for _, token := range tokens {
		err := e.data.Client.DeleteToken(ctx, cloudfleet.KnownToken{ID: token.ID})
		if err != nil && !cloudfleet.IsNotFound(err) {
			diags.Append(asWarnings(tfdiag.FromError(fmt.Sprintf("Could not delete expired ephemeral API token %q (%s)", name, token.ID),
				consequence, timeoutCause(ctx, err)))...)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return diags
}

// leftovers returns the tokens whose name is that of a leftover, except for the
// provider's own. It reads the whole list before any is deleted, because a deletion
// shifts the pages.
func leftovers(ctx context.Context, client *cloudfleet.Client, isLeftover func(tokenName string) bool) ([]cloudfleet.Token, error) {
	var tokens []cloudfleet.Token
	for token, err := range client.ListTokens(ctx) {
		if err != nil {
			return nil, err
		}
		if isLeftover(token.Name) && !client.CallsAs(token.ID) {
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

// withTimeout returns a context for calls that are repeated until they succeed or the
// limit is over.
func withTimeout(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("the Cloudfleet API was not reached, or did not carry it out, within %s", limit))
}

// timeoutCause returns the reason why a call within a limit failed.
func timeoutCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func asWarnings(errs diag.Diagnostics) diag.Diagnostics {
	var warnings diag.Diagnostics
	for _, err := range errs {
		warnings.AddWarning(err.Summary(), err.Detail())
	}
	return warnings
}
