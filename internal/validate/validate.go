// Package validate makes validators from plain functions.
package validate

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/go-uuid"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// String returns a validator that calls check with a known value. The error's text is the
// detail of an error at the attribute, and says what is right.
func String(check func(string) error) validator.String { return stringValidator{check} }

// Secret is String for a value that must not be shown. The error is not at the attribute:
// Terraform would show the line of the configuration beside it.
func Secret(check func(string) error) validator.String {
	return secretValidator{stringValidator{check}}
}

type secretValidator struct{ stringValidator }

func (v secretValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var found validator.StringResponse
	v.stringValidator.ValidateString(ctx, req, &found)
	for _, d := range found.Diagnostics {
		resp.Diagnostics.AddError(d.Summary(), d.Detail())
	}
}

// Argument is String for an argument of a function. Terraform puts the argument's name
// before the error's text, and a full stop after it.
func Argument(check func(string) error) function.StringParameterValidator {
	return stringValidator{check}
}

type stringValidator struct {
	check func(string) error
}

func (v stringValidator) Description(context.Context) string {
	return "described with the attribute"
}

func (v stringValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v stringValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(), tfdiag.Sentence(err))
	}
}

func (v stringValidator) ValidateParameterString(
	_ context.Context,
	req function.StringParameterValidatorRequest,
	resp *function.StringParameterValidatorResponse,
) {
	if req.Value.IsNull() || req.Value.IsUnknown() {
		return
	}
	if err := v.check(req.Value.ValueString()); err != nil {
		resp.Error = function.NewArgumentFuncError(req.ArgumentPosition, err.Error())
	}
}

// UUID reports an error unless s is a UUID in its usual form.
func UUID(s string) error {
	if _, err := uuid.ParseUUID(s); err != nil {
		return fmt.Errorf("%q is not a UUID, such as 12345678-6651-4e5d-9c04-079f6532989b", s)
	}
	return nil
}

// Whole returns a validator of a whole number within these limits. The framework's own
// integers report a fraction as an error in the provider.
func Whole(least, most int64) validator.Number { return wholeValidator{least, most} }

type wholeValidator struct{ least, most int64 }

func (wholeValidator) Description(context.Context) string { return "described with the attribute" }

func (v wholeValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateNumber refuses fractions and what is out of the range.
func (v wholeValidator) ValidateNumber(_ context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	given := req.ConfigValue.ValueBigFloat()
	n, accuracy := given.Int64()
	if accuracy != big.Exact || n < v.least || n > v.most {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(), fmt.Sprintf(
			"%s is not a whole number from %d to %d. floor() rounds a fraction down.", given.Text('g', 6), v.least, v.most))
	}
}

// Int64 returns a number that Whole has validated, 0 if it is null or unknown.
func Int64(n types.Number) int64 {
	if n.IsNull() || n.IsUnknown() {
		return 0
	}
	whole, _ := n.ValueBigFloat().Int64()
	return whole
}
