package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/net/publicsuffix"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

type imageModel struct {
	Source         types.String `tfsdk:"source"`
	SourceUsername types.String `tfsdk:"source_username"`
	SourcePassword types.String `tfsdk:"source_password"`
	Username       types.String `tfsdk:"username"`
	Password       types.String `tfsdk:"password"`
	Region         types.String `tfsdk:"region"`
	Repository     types.String `tfsdk:"repository"`
	Tags           types.Set    `tfsdk:"tags"`
	Platforms      types.Set    `tfsdk:"platforms"`
	FollowTag      types.Bool   `tfsdk:"follow_tag"`
	KeepOnDestroy  types.Bool   `tfsdk:"keep_on_destroy"`
	Digest         types.String `tfsdk:"digest"`
	SourceDigest   types.String `tfsdk:"source_digest"`
	Reference      types.String `tfsdk:"reference"`
	Size           types.Int64  `tfsdk:"size"`
}

// checkSource reports an error unless s names one image.
func checkSource(s string) error {
	image, err := cfcr.ParseImageRef(s)
	if err == nil && image.Tag == "" && image.Digest == "" {
		err = fmt.Errorf("%q has neither a tag nor a digest. Use %[1]s:latest, or better a digest", s)
	}
	return err
}

// reference returns the tag or digest of an image reference.
func reference(image cfcr.Image) string {
	if image.Digest != "" {
		return image.Digest
	}
	return image.Tag
}

// imageChange is what an apply does to a copy, decided once from state and plan.
type imageChange struct {
	// copies: the image in the source, or the selected platforms, differ.
	copies bool
	// retags: only the tags differ.
	retags bool
	// sourceDigest is the digest of the source, empty if it is known only in the apply.
	sourceDigest string
}

// change decides. moved is the digest that the tag of the source refers to now, or empty.
func change(state, plan *imageModel, moved string) imageChange {
	c := imageChange{sourceDigest: moved}
	if source, err := cfcr.ParseImageRef(plan.Source.ValueString()); err == nil && source.Digest != "" {
		c.sourceDigest = source.Digest
	}
	switch {
	case state == nil, !plan.Source.Equal(state.Source), !plan.Platforms.Equal(state.Platforms),
		moved != "" && moved != state.SourceDigest.ValueString():
		c.copies = true
	case !plan.Tags.Equal(state.Tags):
		c.retags = true
	}
	return c
}

// planUnknowns completes a plan.
func (c imageChange) planUnknowns(state, plan *imageModel, hostname string) {
	if !c.copies {
		plan.Digest, plan.SourceDigest, plan.Reference, plan.Size = state.Digest, state.SourceDigest, state.Reference, state.Size
		return
	}
	plan.Digest, plan.SourceDigest = types.StringUnknown(), types.StringUnknown()
	plan.Reference, plan.Size = types.StringUnknown(), types.Int64Unknown()
	if c.sourceDigest == "" {
		return
	}
	plan.SourceDigest = types.StringValue(c.sourceDigest)
	if plan.Platforms.IsNull() {
		plan.Digest = plan.SourceDigest
		if hostname != "" && !plan.Repository.IsUnknown() {
			plan.setReference(hostname)
		}
	}
}

// setTags sets the source's tag if no tags are configured.
func (m *imageModel) setTags(configured types.Set) {
	source, err := cfcr.ParseImageRef(m.Source.ValueString())
	switch {
	case !configured.IsNull():
	case m.Source.IsUnknown():
		m.Tags = types.SetUnknown(types.StringType)
	case err == nil && source.Tag != "":
		m.Tags = types.SetValueMust(types.StringType, []attr.Value{types.StringValue(source.Tag)})
	default:
		m.Tags = types.SetValueMust(types.StringType, nil)
	}
}

// texts returns the elements of a set, sorted.
func texts(ctx context.Context, set types.Set, diags *diag.Diagnostics) []string {
	var values []string
	if !set.IsNull() && !set.IsUnknown() {
		diags.Append(set.ElementsAs(ctx, &values, false)...)
	}
	slices.Sort(values)
	return values
}

// sourceOf returns the source of a copy, and a client of its registry that logs in as
// configured, or else as the machine's Docker does.
func (r *ImageResource) sourceOf(ctx context.Context, plan, config *imageModel, diags *diag.Diagnostics) oci.Source {
	image, err := cfcr.ParseImageRef(plan.Source.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("source"), "Invalid source", tfdiag.Sentence(err))
		return oci.Source{}
	}
	source := oci.Source{Repository: image.Repository, Reference: reference(image), Platforms: texts(ctx, plan.Platforms, diags)}
	if region, isOurs := r.regionOf(image.Hostname); isOurs && config.SourceUsername.IsNull() {
		region := types.StringValue(region)
		client, _, found := clientOf(ctx, r.provider, &region, summaryOfCopy(plan))
		diags.Append(found...)
		source.Client = client
		return source
	}
	options := r.provider.Calls
	options.Host, options.Domain = image.Hostname, domainOf(image.Hostname)
	options.Username, options.Password = config.SourceUsername.ValueString(), config.SourcePassword.ValueString()
	options.DockerConfig = true
	source.Client, err = r.provider.Registries.Client(options)
	if err != nil {
		diags.Append(tfdiag.FromRegistryError(summaryOfCopy(plan), image.Hostname, err)...)
	}
	return source
}

// domainOf returns the domain to which credentials for a registry may be sent: the one
// that it shares with its token service, such as docker.io for registry-1.docker.io and
// auth.docker.io. For a host name with a port, or an address, it is the host itself.
func domainOf(hostname string) string {
	if strings.Contains(hostname, ":") || net.ParseIP(hostname) != nil {
		return hostname
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(hostname); err == nil {
		return domain
	}
	return hostname
}

func summaryOfCopy(m *imageModel) string {
	return fmt.Sprintf("Could not copy the image %s to %s", m.Source.ValueString(), m.Repository.ValueString())
}

// copyFailure says which of the two registries failed a copy, and what to do next.
func copyFailure(m *imageModel, hostname string, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	summary := summaryOfCopy(m)
	source, _ := cfcr.ParseImageRef(m.Source.ValueString())
	_, isSource := errors.AsType[oci.SourceError](err)
	platform, isPlatform := errors.AsType[oci.PlatformError](err)
	answer, isAnswer := errors.AsType[*oci.Error](err)
	status := 0
	if isAnswer {
		status = answer.StatusCode
	}
	switch {
	case isPlatform:
		diags.AddAttributeError(path.Root("platforms"), summary, tfdiag.Sentence(platform))
	case isSource && errors.Is(err, oci.ErrNoTag):
		diags.AddAttributeError(
			path.Root("source"),
			summary,
			fmt.Sprintf("The registry %s has no image %s in the repository %s. Correct the source. Some registries also answer this if a "+
				"login is needed.", source.Hostname, reference(source), source.Repository),
		)
	case isSource && (status == http.StatusUnauthorized || status == http.StatusForbidden):
		diags.AddAttributeError(
			path.Root("source"),
			summary,
			fmt.Sprintf("The registry %s answered %s: there is no such repository, or it needs a "+
				"login.\n\nSet source_username and source_password, or run `docker login %[1]s` on this machine.", source.Hostname, answer.Status()),
		)
	case isSource:
		diags.Append(tfdiag.FromRegistryError(summary, source.Hostname, err)...)
	case status == http.StatusForbidden:
		diags.AddError(summary, fmt.Sprintf("The registry %s answered %s.\n\nTo push, the provider's access token needs the role Administrator.",
			hostname, answer.Status()))
	case status/100 == 4 && status != http.StatusUnauthorized && status != http.StatusTooManyRequests:
		diags.AddError(
			summary,
			fmt.Sprintf("The registry %s answered %s to %s %s: %s\n\nIt may be full, or read-only at the moment: check it in the "+
				"Cloudfleet Console. The next apply continues the copy.", hostname, answer.Status(), answer.Method, answer.Path,
				tfdiag.Sentence(errors.New(answer.Message))),
		)
	default:
		diags.Append(tfdiag.FromRegistryError(summary, hostname, err)...)
	}
	return diags
}

func (m *imageModel) setCopied(copied oci.Copied, hostname string) {
	m.Digest, m.SourceDigest = types.StringValue(copied.Digest), types.StringValue(copied.SourceDigest)
	m.Size = types.Int64Value(copied.Size)
	m.setReference(hostname)
}

func (m *imageModel) setReference(hostname string) {
	m.Reference = types.StringValue(hostname + "/" + m.Repository.ValueString() + "@" + m.Digest.ValueString())
}
