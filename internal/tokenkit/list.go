package tokenkit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

// Filter selects tokens. It has the arguments of everything that lists them, and is
// embedded in models. Null selects every token.
type Filter struct {
	Role       types.String `tfsdk:"role"`
	NamePrefix types.String `tfsdk:"name_prefix"`
	NameRegex  types.String `tfsdk:"name_regex"`
	// OlderThanDays counts from the last change, not from the creation.
	OlderThanDays types.Number `tfsdk:"older_than_days"`
}

// Descriptions of the arguments of a Filter.
const (
	FilterByRole       = "Only tokens with this role: `Administrator` or `User`. Default: any."
	FilterByNamePrefix = "Only tokens whose name begins with this text, such as `team-a-`. Upper and lower case differ. Default: any."
	FilterByNameRegex  = "Only tokens whose name matches this regular expression " +
		"([RE2](https://github.com/google/re2/wiki/Syntax)), in any part unless it has `^` and `$`. Cannot be set together with " +
		"`name_prefix`. Default: any."
	FilterByAge = "Only tokens that were last created, renamed or regenerated more than this many days ago, or without a date. " +
		"Default: any."
)

// RoleFilterValidators are those of role; name_prefix needs none.
func RoleFilterValidators() []validator.String {
	return []validator.String{validate.String(cloudfleet.CheckRole)}
}

// NameRegexValidators are those of name_regex.
func NameRegexValidators() []validator.String {
	return []validator.String{validate.String(checkNameRegex), stringvalidator.ConflictsWith(path.MatchRoot("name_prefix"))}
}

// Compile returns a function that reports whether a token passes. An invalid name_regex
// is an error, which validation has usually found before.
func (f Filter) Compile() (func(cloudfleet.Token) bool, diag.Diagnostics) {
	expression, err := compileNameRegex(f.NameRegex.ValueString())
	if err != nil {
		return nil, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("name_regex"), "Invalid name_regex", tfdiag.Sentence(err))}
	}
	latest := time.Now()
	if !f.OlderThanDays.IsNull() {
		latest = latest.AddDate(0, 0, -int(validate.Int64(f.OlderThanDays)))
	}
	prefix := norm.NFC.String(f.NamePrefix.ValueString())
	return func(t cloudfleet.Token) bool {
		return (f.Role.IsNull() || string(t.Role) == f.Role.ValueString()) &&
			strings.HasPrefix(t.Name, prefix) &&
			expression.MatchString(t.Name) &&
			(f.OlderThanDays.IsNull() || lastChange(t).Before(latest))
	}, nil
}

// lastChange returns when a token was changed last, zero if that is not known.
func lastChange(t cloudfleet.Token) time.Time {
	if t.UpdatedAt.IsZero() {
		return t.CreatedAt
	}
	return t.UpdatedAt
}

// maxAgeDays is beyond the age of any token.
const maxAgeDays = 36500

// AgeFilterValidators are those of older_than_days.
func AgeFilterValidators() []validator.Number {
	return []validator.Number{validate.Whole(0, maxAgeDays)}
}

func checkNameRegex(s string) error {
	_, err := compileNameRegex(s)
	return err
}

func compileNameRegex(s string) (*regexp.Regexp, error) {
	expression, err := regexp.Compile(norm.NFC.String(s))
	if fault, ok := errors.AsType[*syntax.Error](err); ok {
		err = fmt.Errorf("%q is not a regular expression in the syntax of RE2: %s at %q", s, fault.Code, fault.Expr)
	}
	return expression, err
}

// Collect returns the tokens that match, oldest first, or the error of a page that could
// not be read. It never returns a part of the list.
func Collect(tokens iter.Seq2[cloudfleet.Token, error], matches func(cloudfleet.Token) bool) ([]cloudfleet.Token, error) {
	var found []cloudfleet.Token
	for t, err := range tokens {
		if err != nil {
			return nil, err
		}
		if matches(t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b cloudfleet.Token) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

// EphemeralMark and EphemeralTime end the name of an ephemeral token at Cloudfleet; the
// time is a layout of package time.
const (
	EphemeralMark = " (ephemeral until "
	EphemeralTime = "2006-01-02T15:04:05Z)"
)

// IsEphemeral reports whether a token with this name at Cloudfleet is an ephemeral one,
// which a run deletes.
func IsEphemeral(name string) bool {
	i := strings.LastIndex(name, EphemeralMark)
	if i < 0 {
		return false
	}
	_, err := time.Parse(EphemeralTime, name[i+len(EphemeralMark):])
	return err == nil
}

// checkName refuses a name that Cloudfleet would, or that a clean-up of ephemeral tokens
// would delete.
func checkName(name string) error {
	if IsEphemeral(name) {
		return fmt.Errorf("%q is the name of an ephemeral token: a later run would delete it", name)
	}
	return cloudfleet.CheckTokenName(name)
}

// Lister is embedded in all list resources.
type Lister struct {
	Client *cloudfleet.Client
}

// Configure takes the client from the provider.
func (l *Lister) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if data := providerdata.From(req.ProviderData, &resp.Diagnostics); data != nil {
		l.Client = data.Client
	}
}

// ListFilterAttributes are the arguments of a list block.
func ListFilterAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"role":            schema.StringAttribute{Optional: true, MarkdownDescription: FilterByRole, Validators: RoleFilterValidators()},
		"name_prefix":     schema.StringAttribute{Optional: true, MarkdownDescription: FilterByNamePrefix},
		"name_regex":      schema.StringAttribute{Optional: true, MarkdownDescription: FilterByNameRegex, Validators: NameRegexValidators()},
		"older_than_days": schema.NumberAttribute{Optional: true, MarkdownDescription: FilterByAge, Validators: AgeFilterValidators()},
		"include_own": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Whether to list the provider's own token, which cannot be deleted or regenerated. Default: `false`.",
		},
	}
}

// ListFilter returns a function that reports whether a token passes the filter in a list
// block, and whether the provider's own is listed. Ephemeral tokens do not pass: a run uses
// them, and deletes them.
func ListFilter(ctx context.Context, req list.ListRequest) (matches func(cloudfleet.Token) bool, includeOwn bool, diags diag.Diagnostics) {
	var arguments struct {
		Filter
		IncludeOwn types.Bool `tfsdk:"include_own"`
	}
	diags = req.Config.Get(ctx, &arguments)
	passes, more := arguments.Compile()
	matches = func(t cloudfleet.Token) bool { return !IsEphemeral(t.Name) && passes(t) }
	return matches, arguments.IncludeOwn.ValueBool(), append(diags, more...)
}

// DisplayName distinguishes tokens of one name. more follows the role. The CLI prints it as
// it is.
func DisplayName(t cloudfleet.Token, more string, own bool) string {
	name := fmt.Sprintf("%s (%s%s", t.Name, t.Role, more)
	if !t.CreatedAt.IsZero() {
		name += ", created " + t.CreatedAt.UTC().Format(time.DateOnly)
	}
	if own {
		name += ", the provider's own"
	}
	return roundtrip.Printable(name + ")")
}

// ListFailure is the diagnostic of a list that could not be read.
func ListFailure(err error) diag.Diagnostics {
	return tfdiag.FromError("Could not list API tokens", "", err)
}
