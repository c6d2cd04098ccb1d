package image

import (
	"context"
	"errors"
	"fmt"
	"net"
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

type model struct {
	Source         types.String `tfsdk:"source"`
	SourceUsername types.String `tfsdk:"source_username"`
	SourcePassword types.String `tfsdk:"source_password"`
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

// parseSource returns the parts of a source: the reference of one image, with a tag or a
// digest. Docker Hub has its official images in the repository library.
func parseSource(s string) (cfcr.Image, error) {
	image, err := cfcr.ParseImageRef(s)
	switch {
	case err != nil && !strings.Contains(s, "://") && cfcr.CheckRepository(strings.SplitN(strings.SplitN(s, "@", 2)[0], ":", 2)[0]) == nil:
		official := s
		if !strings.Contains(s, "/") {
			official = "library/" + s
		}
		return image, fmt.Errorf("%q has no host name. Docker Hub's is docker.io: docker.io/%s", s, official)
	case err != nil:
		return image, err
	case image.Tag == "" && image.Digest == "":
		return image, fmt.Errorf("%q has neither a tag nor a digest. Use %[1]s:latest, or better a digest", s)
	}
	if image.Hostname == "docker.io" && !strings.Contains(image.Repository, "/") {
		image.Repository = "library/" + image.Repository
	}
	return image, nil
}

func checkSource(s string) error {
	_, err := parseSource(s)
	return err
}

// checkRepository refuses a repository with a host name before it: the copy would have two.
func checkRepository(s string) error {
	if first, rest, _ := strings.Cut(s, "/"); strings.ContainsAny(first, ".:") && rest != "" {
		return fmt.Errorf("%q begins with a host name. The repository is without it: %s", s, rest)
	}
	return cfcr.CheckRepository(s)
}

// reference returns the tag or digest of an image reference.
func reference(image cfcr.Image) string {
	if image.Digest != "" {
		return image.Digest
	}
	return image.Tag
}

// change is what an apply does to a copy, decided once from state and plan.
type change struct {
	// copies: the image in the source, or the selected platforms, differ, or the copy is
	// gone.
	copies bool
	// retags: only the tags differ.
	retags bool
	// sourceDigest is the digest of the source, empty if it is known only in the apply.
	sourceDigest string
}

// decide decides. state is nil for a create. moved is the digest to which the tag of the
// source referred at the last refresh, or empty.
func decide(state, plan *model, moved string) (c change) {
	if source, err := parseSource(plan.Source.ValueString()); err == nil {
		c.sourceDigest = source.Digest
	}
	if state == nil || !plan.Source.Equal(state.Source) {
		c.copies = true
		return c
	}
	if plan.FollowTag.ValueBool() && moved != "" && moved != state.SourceDigest.ValueString() {
		c.copies, c.sourceDigest = true, moved
		return c
	}
	c.copies = !plan.Platforms.Equal(state.Platforms) || state.Digest.IsNull()
	c.retags = !c.copies && !plan.Tags.Equal(state.Tags)
	return c
}

// planUnknowns completes a plan.
func (c change) planUnknowns(state, plan *model, hostname string) {
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
func (m *model) setTags(configured types.Set) {
	source, err := parseSource(m.Source.ValueString())
	switch {
	case !configured.IsNull():
	case m.Source.IsUnknown():
		m.Tags = types.SetUnknown(types.StringType)
	case err == nil && source.Tag != "":
		m.Tags = tagSet([]string{source.Tag})
	default:
		m.Tags = tagSet(nil)
	}
}

// checkNotItself refuses a copy under the tag that it is made from: a destroy would delete
// the source. hostname is that of the copy.
func (m *model) checkNotItself(ctx context.Context, hostname string) (diags diag.Diagnostics) {
	source, err := parseSource(m.Source.ValueString())
	if err != nil || source.Hostname != hostname || source.Repository != m.Repository.ValueString() {
		return nil
	}
	if slices.Contains(texts(ctx, m.Tags, &diags), source.Tag) {
		diags.AddAttributeError(path.Root("source"), summaryOfCopy(m), fmt.Sprintf("The source is the tag %s of the copy itself, which a "+
			"destroy would delete. Set tags to other ones, or copy to another repository. To read the digest of a tag, use the data source "+
			"cloudfleet_registry_image.", source.Tag))
	}
	return diags
}

func tagSet(tags []string) types.Set {
	elements := []attr.Value{}
	for _, tag := range slices.Sorted(slices.Values(tags)) {
		elements = append(elements, types.StringValue(tag))
	}
	return types.SetValueMust(types.StringType, elements)
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
func (r *Resource) sourceOf(ctx context.Context, plan, config *model, diags *diag.Diagnostics) oci.Source {
	image, err := parseSource(plan.Source.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("source"), "Invalid source", tfdiag.Sentence(err))
		return oci.Source{}
	}
	source := oci.Source{Repository: image.Repository, Reference: reference(image), Platforms: texts(ctx, plan.Platforms, diags)}
	if region, isOurs := r.regionOf(image.Hostname); isOurs && config.SourceUsername.IsNull() {
		region := types.StringValue(region)
		client, found := r.provider.RegistryClient(ctx, &region, summaryOfCopy(plan))
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
		diags.Append(tfdiag.FromRegistryError(summaryOfCopy(plan), tfdiag.Foreign, err)...)
	}
	return source
}

// domainOf returns the domain to which credentials for a registry may be sent: the one
// that it shares with its token service, such as docker.io for registry-1.docker.io and
// auth.docker.io. For an address it is the address itself.
func domainOf(hostname string) string {
	name := hostname
	if host, _, err := net.SplitHostPort(hostname); err == nil {
		name = host
	}
	if net.ParseIP(strings.Trim(name, "[]")) != nil {
		return name
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return domain
	}
	return name
}

func summaryOfCopy(m *model) string {
	return fmt.Sprintf("Could not copy the image %s to %s", m.Source.ValueString(), m.Repository.ValueString())
}

// copyFailure says which of the two registries failed a copy, and what to do next.
func copyFailure(m *model, err error) diag.Diagnostic {
	_, isSource := errors.AsType[oci.SourceError](err)
	platform, isPlatform := errors.AsType[oci.PlatformError](err)
	switch {
	case isPlatform:
		return diag.NewAttributeErrorDiagnostic(path.Root("platforms"), summaryOfCopy(m), tfdiag.Sentence(platform))
	case !isSource && errors.Is(err, oci.ErrNoTag):
		return diag.NewErrorDiagnostic(
			summaryOfCopy(m),
			fmt.Sprintf("%s is gone. The next plan copies the image again.", m.Reference.ValueString()),
		)
	case isSource:
		return sourceFailure(summaryOfCopy(m), m, err)
	}
	return tfdiag.FromRegistryError(summaryOfCopy(m), tfdiag.Ours, err)[0]
}

// sourceFailure is an error at the source.
func sourceFailure(summary string, m *model, err error) diag.Diagnostic {
	source, _ := parseSource(m.Source.ValueString())
	if errors.Is(err, oci.ErrNoTag) {
		return diag.NewAttributeErrorDiagnostic(path.Root("source"), summary, fmt.Sprintf(
			"The registry %s has no image %s in the repository %s. Correct the source. Some registries also answer this if a login is needed.",
			source.Hostname, reference(source), source.Repository))
	}
	cause, next := tfdiag.RegistryAdvice(tfdiag.Foreign, err)
	return diag.NewAttributeErrorDiagnostic(path.Root("source"), summary, cause+"\n\n"+next)
}

func (m *model) setReference(hostname string) {
	m.Reference = types.StringValue(hostname + "/" + m.Repository.ValueString() + "@" + m.Digest.ValueString())
}
