package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// ModifyPlan plans the copy. It calls a registry only to follow a tag.
func (r *ImageResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.provider == nil {
		return
	}
	if loginIsUnknown(r.provider, types.StringNull()) && req.ClientCapabilities.DeferralAllowed {
		resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
		return
	}
	var plan, config imageModel
	var state *imageModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if !req.State.Raw.IsNull() {
		state = &imageModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.setTags(config.Tags)
	moved := ""
	if state != nil && plan.FollowTag.ValueBool() && plan.Source.Equal(state.Source) {
		moved = r.follow(ctx, &plan, &config, &resp.Diagnostics)
	}
	region := plan.Region
	hostname, diags := ownHostname(r.provider, &region)
	if diags.HasError() || region.IsUnknown() {
		hostname = ""
	}
	change(state, &plan, moved).planUnknowns(state, &plan, hostname)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// follow returns the digest that the tag of the source refers to now. If that cannot be
// read it warns, because the copy still exists.
func (r *ImageResource) follow(ctx context.Context, plan, config *imageModel, diags *diag.Diagnostics) string {
	var found diag.Diagnostics
	source := r.sourceOf(ctx, plan, config, &found)
	if !found.HasError() {
		digest, err := source.Client.Resolve(ctx, source.Repository, source.Reference)
		if err == nil {
			return digest
		}
		found.Append(copyFailure(plan, "", oci.AtSource(err))...)
	}
	for _, d := range found {
		diags.AddAttributeWarning(path.Root("source"), "Could not check whether the tag of the source was moved", d.Detail())
	}
	return ""
}

// Create implements resource.Resource.
func (r *ImageResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config imageModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.copy(ctx, &plan, &config, "")...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("reference"), plan.Reference)...)
}

// pushClient returns the client to push with.
func (r *ImageResource) pushClient(ctx context.Context, plan, config *imageModel) (*oci.Client, string, diag.Diagnostics) {
	if config.Username.IsNull() {
		return clientOf(ctx, r.provider, &plan.Region, summaryOfCopy(plan))
	}
	hostname, diags := ownHostname(r.provider, &plan.Region)
	if diags.HasError() {
		return nil, "", diags
	}
	client, diags := clientWith(r.provider, hostname, config.Username.ValueString(), config.Password.ValueString(), summaryOfCopy(plan))
	return client, hostname, diags
}

// copy copies the image of a plan and completes the plan. pinned is the digest of the
// source's tag in the plan, or empty.
func (r *ImageResource) copy(ctx context.Context, plan, config *imageModel, pinned string) (diags diag.Diagnostics) {
	client, hostname, diags := r.pushClient(ctx, plan, config)
	if diags.HasError() {
		return diags
	}
	if plan.Tags.IsUnknown() {
		plan.setTags(config.Tags)
	}
	source := r.sourceOf(ctx, plan, config, &diags)
	tags := texts(ctx, plan.Tags, &diags)
	if diags.HasError() {
		return diags
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
		return append(diags, copyFailure(plan, hostname, err)...)
	}
	plan.setCopied(copied, hostname)
	return diags
}

// Read compares digests, with one request for each tag, or one for an image without tags.
func (r *ImageResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	if loginIsUnknown(r.provider, types.StringNull()) && req.ClientCapabilities.DeferralAllowed {
		resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
		return
	}
	var m imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	summary := fmt.Sprintf("Could not read the image %s", m.Repository.ValueString())
	client, hostname, diags := clientOf(ctx, r.provider, &m.Region, summary)
	resp.Diagnostics.Append(diags...)
	tags := texts(ctx, m.Tags, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	repository := m.Repository.ValueString()
	isThere := func(reference string) (string, bool) {
		digest, err := client.Resolve(ctx, repository, reference)
		if err != nil && !errors.Is(err, oci.ErrNoTag) {
			resp.Diagnostics.Append(tfdiag.FromRegistryError(summary, hostname, err)...)
		}
		return digest, err == nil
	}
	var ours []string
	for _, tag := range tags {
		digest, found := isThere(tag)
		if found && m.Digest.IsNull() { // an import by a tag
			m.Digest = types.StringValue(digest)
		}
		if found && digest == m.Digest.ValueString() {
			ours = append(ours, tag)
		}
	}
	exists := len(ours) > 0
	if !exists && !resp.Diagnostics.HasError() && !m.Digest.IsNull() {
		_, exists = isThere(m.Digest.ValueString())
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !exists {
		resp.State.RemoveResource(ctx)
		return
	}
	m.Tags, diags = types.SetValueFrom(ctx, types.StringType, append([]string{}, ours...))
	resp.Diagnostics.Append(diags...)
	m.setReference(hostname)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("reference"), m.Reference)...)
}

// Update copies another image, or sets tags. The image that the tags referred to before
// stays, because a deployment may use its digest.
func (r *ImageResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan, config imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	pinned := ""
	if !plan.SourceDigest.IsUnknown() {
		pinned = plan.SourceDigest.ValueString()
	}
	switch c := change(&state, &plan, pinned); {
	case c.copies:
		resp.Diagnostics.Append(r.copy(ctx, &plan, &config, pinned)...)
	case c.retags:
		resp.Diagnostics.Append(r.retag(ctx, &state, &plan, &config)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.untag(ctx, &state, &plan)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("reference"), plan.Reference)...)
}

// retag sets the tags of the existing image, without a request to the source.
func (r *ImageResource) retag(ctx context.Context, state, plan, config *imageModel) diag.Diagnostics {
	client, hostname, diags := r.pushClient(ctx, plan, config)
	tags := texts(ctx, plan.Tags, &diags)
	if diags.HasError() {
		return diags
	}
	if err := client.Tag(ctx, plan.Repository.ValueString(), state.Digest.ValueString(), tags); err != nil {
		return append(diags, copyFailure(plan, hostname, err)...)
	}
	return diags
}

// untag deletes the tags that are no longer planned.
func (r *ImageResource) untag(ctx context.Context, state, plan *imageModel) diag.Diagnostics {
	summary := fmt.Sprintf("Could not delete tags of the image %s", plan.Repository.ValueString())
	client, hostname, diags := clientOf(ctx, r.provider, &plan.Region, summary)
	kept := map[string]bool{}
	for _, tag := range texts(ctx, plan.Tags, &diags) {
		kept[tag] = true
	}
	for _, tag := range texts(ctx, state.Tags, &diags) {
		if diags.HasError() || kept[tag] {
			continue
		}
		if err := client.Untag(ctx, plan.Repository.ValueString(), state.Digest.ValueString(), tag); err != nil {
			diags.Append(tfdiag.FromRegistryError(summary, hostname, err)...)
		}
	}
	return diags
}

// Delete deletes the tags first, and the image unless another tag needs it.
func (r *ImageResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m imageModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || m.KeepOnDestroy.ValueBool() {
		return
	}
	summary := fmt.Sprintf("Could not delete the image %s", m.Reference.ValueString())
	client, hostname, diags := clientOf(ctx, r.provider, &m.Region, summary)
	resp.Diagnostics.Append(diags...)
	tags := texts(ctx, m.Tags, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	keptFor, err := client.Delete(ctx, m.Repository.ValueString(), m.Digest.ValueString(), tags)
	switch {
	case err != nil:
		resp.Diagnostics.Append(tfdiag.FromRegistryError(summary, hostname, err)...)
	case keptFor != "":
		tflog.Info(ctx, "kept the image, because another tag refers to it", map[string]any{"tag": keptFor})
	}
}
