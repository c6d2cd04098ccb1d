package tokenkit

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
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
	OlderThanDays types.Int64 `tfsdk:"older_than_days"`
}

// Descriptions of the arguments of a Filter.
const (
	FilterByRole       = "Only tokens with this role: `Administrator` or `User`. Default: any."
	FilterByNamePrefix = "Only tokens whose name begins with this text, such as `team-a-`. Upper and lower case differ. Default: any."
	FilterByNameRegex  = "Only tokens whose name matches this regular expression, in the [syntax of " +
		"RE2](https://github.com/google/re2/wiki/Syntax). It may match any part of the name: use `^` and `$` for the " +
		"whole name. Cannot be set together with `name_prefix`. Default: any."
	FilterByAge = "Only tokens that were last changed (created, renamed or regenerated) more than this many days ago, such as 90. " +
		"Includes tokens without a date. Default: any."
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
		latest = latest.AddDate(0, 0, -int(f.OlderThanDays.ValueInt64()))
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
func AgeFilterValidators() []validator.Int64 {
	return []validator.Int64{int64validator.Between(0, maxAgeDays)}
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
