package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// movedKey is the key in the private state of the digest to which the tag of the source
// referred at the last refresh, as JSON. Plans use it and do not ask the source, so that a
// saved plan and its apply agree.
const movedKey = "source_digest"

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

func loadMoved(ctx context.Context, private privateReader, diags *diag.Diagnostics) string {
	content, found := private.GetKey(ctx, movedKey)
	diags.Append(found...)
	var moved string
	if len(content) > 2 {
		moved = string(content[1 : len(content)-1]) // a digest needs no escapes
	}
	return moved
}

func setMoved(ctx context.Context, private privateWriter, moved string) diag.Diagnostics {
	return private.SetKey(ctx, movedKey, []byte(`"`+moved+`"`))
}

// ModifyPlan plans the copy. A source that is new is looked at once: what would certainly
// fail in the apply is an error of the plan.
func (r *Resource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.provider == nil {
		return
	}
	if resp.Deferred = providerdata.Deferred(
		r.provider.LoginIsUnknown(types.StringNull()) && req.ClientCapabilities.DeferralAllowed,
	); resp.Deferred != nil {
		return
	}
	var plan, config model
	var state *model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		state = &model{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	moved := loadMoved(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.setTags(config.Tags)
	region := plan.Region
	hostname, diags := r.provider.OwnHostname(&region)
	if diags.HasError() || region.IsUnknown() {
		hostname = ""
	}
	c := decide(state, &plan, moved)
	c.planUnknowns(state, &plan, hostname)
	if c.copies && (state == nil || !plan.Source.Equal(state.Source)) {
		resp.Diagnostics.Append(plan.checkNotItself(ctx, hostname)...)
		resp.Diagnostics.Append(r.check(ctx, &plan, &config)...)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// check reports what would certainly fail in the apply: the provider's credentials, which
// all creates of a run check once, and a source that is not there or refuses the login.
func (r *Resource) check(ctx context.Context, plan, config *model) (diags diag.Diagnostics) {
	if r.provider.LoginIsUnknown(types.StringNull()) {
		return nil
	}
	if !r.provider.AccessTokenID.IsNull() { // else the credential helper logs in
		if err := r.provider.Client.CheckAccess(ctx); err != nil && !errors.Is(err, tfdiag.ErrNotYetKnown) {
			return tfdiag.FromError(summaryOfCopy(plan), "Nothing was copied.", err)
		}
	} else if _, diags := r.provider.RegistryClient(ctx, &plan.Region, summaryOfCopy(plan)); diags.HasError() {
		return diags
	}
	if plan.Source.IsUnknown() || config.SourceUsername.IsUnknown() || config.SourcePassword.IsUnknown() {
		return nil
	}
	source := r.sourceOf(ctx, plan, config, &diags)
	if diags.HasError() {
		return diags
	}
	_, err := source.Client.Resolve(ctx, source.Repository, source.Reference)
	answer, isAnswer := errors.AsType[*oci.Error](err)
	// An answer that proves nothing, such as an outage, is left to the apply.
	if errors.Is(err, oci.ErrNoTag) ||
		isAnswer && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden) {
		diags.Append(sourceFailure(summaryOfCopy(plan), plan, err))
	}
	return diags
}

// Create implements resource.Resource.
func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer r.provider.Process.Begin()()
	isStored, diags := r.copy(ctx, &plan, &config, "")
	resp.Diagnostics.Append(diags...)
	if !isStored {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("reference"), plan.Reference)...)
}

// copy copies the image of a plan and completes the plan. pinned is the digest of the
// source's tag in the plan, or empty. If that failed after a tag was set, the plan has the
// tags that were set, and isStored is true.
func (r *Resource) copy(ctx context.Context, plan, config *model, pinned string) (isStored bool, diags diag.Diagnostics) {
	client, diags := r.provider.RegistryClient(ctx, &plan.Region, summaryOfCopy(plan))
	if diags.HasError() {
		return false, diags
	}
	if plan.Tags.IsUnknown() {
		plan.setTags(config.Tags)
	}
	source := r.sourceOf(ctx, plan, config, &diags)
	tags := texts(ctx, plan.Tags, &diags)
	if diags.HasError() {
		return false, diags
	}
	if pinned != "" {
		source.Reference = pinned
	}
	copied, err := client.Copy(ctx, source, plan.Repository.ValueString(), tags, func(parts int, bytes int64) {
		tflog.Info(ctx, "copied a part of the image", map[string]any{
			"source": plan.Source.ValueString(), "repository": plan.Repository.ValueString(), "parts": parts, "bytes": bytes,
		})
	})
	if err != nil {
		diags.Append(copyFailure(plan, err))
		if len(copied.Tags) == 0 {
			return false, diags
		}
		plan.Tags = tagSet(copied.Tags)
	}
	for _, warning := range copied.Warnings {
		whose := tfdiag.Ours
		if _, isSource := errors.AsType[oci.SourceError](warning); isSource {
			whose = tfdiag.Foreign
		}
		cause, next := tfdiag.RegistryAdvice(whose, warning)
		diags.AddWarning("Not everything that refers to the image was copied", tfdiag.Sentence(warning)+" The image itself is complete.\n\n"+
			cause+" "+next)
	}
	plan.Digest, plan.SourceDigest = types.StringValue(copied.Digest), types.StringValue(copied.SourceDigest)
	plan.Size = types.Int64Value(copied.Size)
	plan.setReference(client.Host)
	return true, diags
}

// Read compares digests, with one request for each tag, or one for an image without tags.
func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	if resp.Deferred = providerdata.Deferred(
		r.provider.LoginIsUnknown(types.StringNull()) && req.ClientCapabilities.DeferralAllowed,
	); resp.Deferred != nil {
		return
	}
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	// The framework requires an identity even if the resource is gone.
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("reference"), m.Reference)...)
	summary := fmt.Sprintf("Could not read the image %s", m.Repository.ValueString())
	client, diags := r.provider.RegistryClient(ctx, &m.Region, summary)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	exists, err := m.find(ctx, client)
	if err != nil {
		resp.Diagnostics.Append(tfdiag.FromRegistryError(summary, tfdiag.Ours, err)...)
		return
	}
	if !exists {
		if m.Reference.IsNull() { // an import
			resp.Diagnostics.AddError("Cannot import the image", fmt.Sprintf("There is no such image in the repository %s of %s. Nothing was "+
				"imported. Correct the import ID.", m.Repository.ValueString(), client.Host))
			return
		}
		resp.State.RemoveResource(ctx)
		return
	}
	m.setReference(client.Host)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("reference"), m.Reference)...)
	if m.FollowTag.ValueBool() {
		if moved := r.follow(ctx, &m, &resp.Diagnostics); moved != "" {
			resp.Diagnostics.Append(setMoved(ctx, resp.Private, moved)...)
		}
	}
}

// find sets the tags that still refer to the image, and reports whether it exists.
func (m *model) find(ctx context.Context, client *oci.Client) (exists bool, err error) {
	var diags diag.Diagnostics
	var found []string
	for _, tag := range texts(ctx, m.Tags, &diags) {
		if m.Digest.IsNull() { // an import by a tag
			digest, err := client.Resolve(ctx, m.Repository.ValueString(), tag)
			if errors.Is(err, oci.ErrNoTag) {
				continue
			}
			if err != nil {
				return false, err
			}
			m.Digest = types.StringValue(digest)
		}
		is, err := client.StandsFor(ctx, m.Repository.ValueString(), tag, m.Digest.ValueString())
		if err != nil {
			return false, err
		}
		if is {
			found = append(found, tag)
		}
	}
	m.Tags = tagSet(found)
	if len(found) > 0 || m.Digest.IsNull() {
		return len(found) > 0, nil
	}
	_, err = client.Resolve(ctx, m.Repository.ValueString(), m.Digest.ValueString())
	if errors.Is(err, oci.ErrNoTag) {
		return false, nil
	}
	return err == nil, err
}

// follow returns the digest that the tag of the source refers to now. If that cannot be
// read it warns, because the copy still exists. A refresh does not have source_username
// and source_password, which are in no state.
func (r *Resource) follow(ctx context.Context, m *model, diags *diag.Diagnostics) string {
	const summary = "Could not check whether the tag of the source was moved"
	var found diag.Diagnostics
	source := r.sourceOf(ctx, m, &model{}, &found)
	if found.HasError() {
		diags.AddWarning(summary, found[0].Detail())
		return ""
	}
	digest, err := source.Client.Resolve(ctx, source.Repository, source.Reference)
	if err != nil {
		d := sourceFailure(summary, m, err)
		diags.AddAttributeWarning(path.Root("source"), summary, d.Detail()+"\n\nA refresh logs in with the machine's Docker configuration, "+
			"and not with source_username. The plan keeps the copy as it is.")
	}
	return digest
}

// Update copies another image, or sets tags. The image that the tags referred to before
// stays, because a deployment may use its digest.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan, config model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	moved := loadMoved(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	defer r.provider.Process.Begin()()
	wanted := plan.Tags
	switch c := decide(&state, &plan, moved); {
	case c.copies:
		isStored, diags := r.copy(ctx, &plan, &config, c.sourceDigest)
		if resp.Diagnostics.Append(diags...); !isStored {
			return
		}
		// What the refresh saw may be the tag of another source.
		resp.Diagnostics.Append(setMoved(ctx, resp.Private, plan.SourceDigest.ValueString())...)
	case c.retags:
		resp.Diagnostics.Append(r.retag(ctx, &plan)...)
	}
	if wanted.IsUnknown() {
		wanted = plan.Tags
	}
	save := func() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("reference"), plan.Reference)...)
	}
	// The tags that are planned no more are the resource's until they are deleted.
	old := slices.DeleteFunc(texts(ctx, state.Tags, &resp.Diagnostics), func(tag string) bool {
		return slices.Contains(texts(ctx, wanted, &resp.Diagnostics), tag)
	})
	set := texts(ctx, plan.Tags, &resp.Diagnostics)
	plan.Tags = tagSet(append(slices.Clone(old), set...))
	save()
	if resp.Diagnostics.HasError() {
		return
	}
	left, diags := r.untag(ctx, &state, old)
	resp.Diagnostics.Append(diags...)
	plan.Tags = tagSet(append(left, set...))
	save()
}

// retag sets the tags of the existing image, without a request to the source. The plan
// then has those that were set.
func (r *Resource) retag(ctx context.Context, plan *model) diag.Diagnostics {
	client, diags := r.provider.RegistryClient(ctx, &plan.Region, summaryOfCopy(plan))
	tags := texts(ctx, plan.Tags, &diags)
	if diags.HasError() {
		return diags
	}
	set, err := client.Tag(ctx, plan.Repository.ValueString(), plan.Digest.ValueString(), tags)
	plan.Tags = tagSet(set)
	if err != nil {
		diags.Append(copyFailure(plan, err))
	}
	return diags
}

// untag deletes tags of the image that the state had, and returns those that it could not
// delete.
func (r *Resource) untag(ctx context.Context, state *model, tags []string) (left []string, diags diag.Diagnostics) {
	if len(tags) == 0 {
		return nil, nil
	}
	summary := fmt.Sprintf("Could not delete tags of the image %s", state.Repository.ValueString())
	client, diags := r.provider.RegistryClient(ctx, &state.Region, summary)
	if diags.HasError() {
		return tags, diags
	}
	for _, tag := range tags {
		if err := client.Untag(ctx, state.Repository.ValueString(), state.Digest.ValueString(), tag); err != nil {
			left = append(left, tag)
			cause, next := tfdiag.RegistryAdvice(tfdiag.Ours, err)
			diags.AddError(summary, fmt.Sprintf("The tag %s is still there, and stays in the state. %s\n\n%s", tag, cause, next))
		}
	}
	return left, diags
}

// Delete deletes the tags first, and the image unless something else needs it.
func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || m.KeepOnDestroy.ValueBool() {
		return
	}
	summary := fmt.Sprintf("Could not delete the image %s", m.Reference.ValueString())
	client, diags := r.provider.RegistryClient(ctx, &m.Region, summary)
	resp.Diagnostics.Append(diags...)
	tags := texts(ctx, m.Tags, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	kept, left, err := client.Delete(ctx, m.Repository.ValueString(), m.Digest.ValueString(), tags)
	switch {
	case err != nil:
		m.Tags = tagSet(left)
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		resp.Diagnostics.Append(tfdiag.FromRegistryError(summary, tfdiag.Ours, err)...)
	case kept != "":
		resp.Diagnostics.AddWarning("The image "+m.Reference.ValueString()+" was kept", "Its tags were deleted, and the image itself stays in "+
			"the registry: "+kept+".")
	}
}
