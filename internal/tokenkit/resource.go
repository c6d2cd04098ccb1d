package tokenkit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// Resource is embedded in both token resources. Data is nil before the provider is
// configured, for example in a validation.
type Resource struct{ Data *providerdata.Data }

// Configure implements resource.ResourceWithConfigure.
func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Data = providerdata.From(req.ProviderData, &resp.Diagnostics)
}

// Client returns the API client, nil before the provider is configured.
func (r *Resource) Client() *cloudfleet.Client {
	if r.Data == nil {
		return nil
	}
	return r.Data.Client
}

// Deferred returns why a call is deferred to a later run, nil if it is not.
func (r *Resource) Deferred(allowed bool) *resource.Deferred {
	return providerdata.Deferred(tfdiag.Defers(r.Client(), allowed))
}

// PlanCreate completes the plan of a create, and checks whether the provider's credentials
// allow it, with one call that all creates of a run share. It makes no call while the
// provider's configuration is unknown.
func (r *Resource) PlanCreate(ctx context.Context, plan *Model) diag.Diagnostics {
	plan.PlanSecret(ctx, true)
	plan.Schedule(Memory{})
	_, diags := secret.Parse(ctx, plan.EncryptTo)
	if r.Data == nil {
		return diags
	}
	if err := r.Data.Client.CheckAccess(ctx); err != nil && !errors.Is(err, tfdiag.ErrNotYetKnown) {
		diags.Append(tfdiag.FromError(fmt.Sprintf("Could not plan API token %q", plan.Name.ValueString()),
			"Nothing was created.", err)...)
	}
	return diags
}

// CreateToken creates the token of a plan. save completes the plan with the token's ID
// and stores it, before anything else is called.
func (r *Resource) CreateToken(
	ctx context.Context, plan *Model, private PrivateWriter, save func(cloudfleet.Token) diag.Diagnostics,
) diag.Diagnostics {
	recipients, diags := secret.Parse(ctx, plan.EncryptTo)
	if diags.HasError() {
		return diags
	}
	defer r.Data.Process.Begin()()
	var memory Memory
	settings := plan.Settings()
	token, ambiguous, err := r.Data.Client.CreateToken(ctx, settings)
	if err != nil {
		var consequence string
		silent, isSilent := errors.AsType[cloudfleet.NoSecretError](err)
		switch {
		case isSilent:
			consequence = fmt.Sprintf("Cloudfleet has created the token %s without returning its secret. It is in the state as tainted: the "+
				"next apply replaces it.", silent.ID)
		case cloudfleet.MayHaveActed(err):
			consequence = MayBeCreated
		}
		diags.Append(tfdiag.FromError(fmt.Sprintf("Could not create API token %q", plan.Name.ValueString()), consequence, err, "name", "role")...)
		if !isSilent {
			return diags
		}
		token, memory.Since = cloudfleet.Token{ID: silent.ID, Name: settings.Name, Role: settings.Role}, now()
		plan.SetNoSecret()
		plan.SecretVersion = types.Int64Value(0)
		plan.Schedule(memory)
	} else {
		diags.Append(plan.Issued(&memory, token, recipients, false)...)
	}
	if lost := r.DeleteIfLost(ctx, token.ID); lost != nil {
		return append(diags, lost...)
	}
	diags.Append(save(token)...)
	memory.seenIn(ctx, r.Data.Client)
	diags.Append(memory.RememberStored(settings, token)...)
	diags.Append(WarnOfLeftovers(ctx, r.Data.Client, token, ambiguous)...)
	return append(diags, memory.Save(ctx, private)...)
}

// Refreshed completes a refresh of the token with the state's secret. token is the answer
// to the read.
func (r *Resource) Refreshed(ctx context.Context, m *Model, memory *Memory, token cloudfleet.Token) diag.Diagnostics {
	memory.seenIn(ctx, r.Data.Client)
	memory.setAge(m)
	return memory.verify(ctx, r.Data.Client, token, m)
}

// seenIn stores the organization, if it can be read with little effort.
func (m *Memory) seenIn(ctx context.Context, client *cloudfleet.Client) {
	if id := client.SeenOrganization(ctx); id != "" {
		m.OrganizationID = id
	}
}

// undoTimeout limits the deletion of a token that the CLI did not wait for.
const undoTimeout = time.Minute

// DeleteIfLost deletes a token that was just created, if the CLI has ended meanwhile: its
// secret is lost. It returns an error then, and nil otherwise.
func (r *Resource) DeleteIfLost(ctx context.Context, id string) diag.Diagnostics {
	if !r.Data.Process.CLIIsGone() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if err := r.Data.Client.DeleteToken(ctx, cloudfleet.KnownToken{ID: id}); err != nil {
		return tfdiag.FromError("Could not delete API token "+id, "Its secret is lost: delete the token by hand.", err)
	}
	return diag.Diagnostics{diag.NewErrorDiagnostic("API token "+id+" was deleted again",
		"The CLI ended while the token was being created, so its secret would have been lost.")}
}

// MayBeCreated is the consequence of a create that the server may have carried out.
const MayBeCreated = "Cloudfleet may have created the token. Its secret is then lost: look for a token of this name that is not in " +
	"the state (the data source cloudfleet_api_tokens lists them), and delete it."

// WarnOfLeftovers warns of tokens that a create may have left behind if its first answer
// was lost, which ambiguous says. It deletes nothing, because that is a guess. known are
// IDs of other tokens that are no leftovers.
func WarnOfLeftovers(
	ctx context.Context, client *cloudfleet.Client, token cloudfleet.Token, ambiguous time.Duration, known ...string,
) (diags diag.Diagnostics) {
	if ambiguous == 0 {
		return nil
	}
	leftovers, err := client.Leftovers(ctx, token, ambiguous)
	leftovers = slices.DeleteFunc(leftovers, func(t cloudfleet.Token) bool { return slices.Contains(known, t.ID) })
	var found string
	switch {
	case err != nil:
		found = "It is not known whether the first attempt created one, too: " + tfdiag.Sentence(err) +
			"\n\nLook for another token of this name and role (the data source cloudfleet_api_tokens lists them). If nothing uses " +
			"it, delete it."
	case len(leftovers) == 0:
		found = "There is no other of this name and role now. If the first attempt is carried out late, there will be: look again in a minute " +
			"(the data source cloudfleet_api_tokens lists them)."
	default:
		var list strings.Builder
		for _, t := range leftovers {
			fmt.Fprintf(&list, "  - %s, created at %s\n", t.ID, Timestamp(t.CreatedAt).ValueString())
		}
		found = "These have the same name and role, and were created at the same time:\n\n" + list.String() +
			"\nUnless it belongs to another resource or person, the secret of such a token is lost. Delete it in the Cloudfleet Console " +
			"under API tokens, or with `cloudfleet tokens delete`."
	}
	diags.AddWarning(fmt.Sprintf("API token %q may have been created twice", token.Name), fmt.Sprintf(
		"The first attempt to create it got no answer, so it was sent again. The token of the last answer is %s. %s", token.ID, found))
	return diags
}
