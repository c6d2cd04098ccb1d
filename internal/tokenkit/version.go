package tokenkit

import (
	"context"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
)

// VersionDescription describes the attribute secret_version of a resource.
const VersionDescription = "Version of the secret: a number that grows with each secret that is issued, and never repeats, even if the " +
	"token is replaced. It is the Unix time in seconds of the issue, or more. Use it as the version of another " +
	"resource's write-only argument, such as `data_json_wo_version`. 0 after an import, until a secret is issued."

// NextVersion returns the version of a secret that is issued now: the Unix time in
// seconds, or one more than the largest version that is known.
func NextVersion(known ...int64) int64 {
	next := time.Now().Unix()
	for _, version := range known {
		next = max(next, version+1)
	}
	return next
}

// versionKey is the key of the largest version in the state, in the plan of a create: the
// token that it replaces may have been issued in the same second.
const versionKey = "largest_version"

// planVersion passes the largest version on to the create.
func planVersion(ctx context.Context, versions *providerdata.Versions, private PrivateWriter) diag.Diagnostics {
	if seen := versions.Largest(); seen > 0 {
		return private.SetKey(ctx, versionKey, []byte(strconv.FormatInt(seen, 10)))
	}
	return nil
}

// FirstVersion returns the version of a create.
func FirstVersion(ctx context.Context, data *providerdata.Data, private PrivateReader) (types.Int64, diag.Diagnostics) {
	content, diags := private.GetKey(ctx, versionKey)
	planned, _ := strconv.ParseInt(string(content), 10, 64) // 0 if there is none
	return types.Int64Value(NextVersion(planned, data.Versions.Largest())), diags
}
