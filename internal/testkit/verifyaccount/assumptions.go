package verifyaccount

// assumption is an assumption of the provider about the API or the registry.
type assumption struct {
	name, expects string
	// contract is the beginning of its line in the OpenAPI document.
	contract string
	// change is the code that depends on it.
	change string
	// writes is set if only a run that writes can check it.
	writes bool
}

const (
	wire     = "internal/cloudfleet/api_types.go: "
	errors4  = "internal/cloudfleet/errors.go"
	paging   = "internal/cloudfleet/pagination.go"
	registry = "internal/oci"
)

// assumptions are all assumptions, in the order of the report.
var assumptions = []assumption{
	{"authentication", "HTTP Basic: the ID is the user name, the secret the password", "accessToken:", wire + "authenticate", false},
	{"no access without credentials", "401", "security:", "", false},
	{"organization", "GET /organization: 200", "operationId: getOrganization", wire + "pathOrganization", false},
	{"organization.id", "a UUID, that of the configuration", "Organization:", wire + "Organization", false},
	{"organization.name", "a string", "Organization:", wire + "Organization", false},
	{"media type", "application/json", "application/json:", "internal/cloudfleet/transport.go", false},
	{"request ID", "the header X-Request-Id", "RequestID:", wire + "headerRequestID", false},
	{"rate limit headers", "none but Retry-After", "Retry-After:", "internal/roundtrip", false},
	{"list", "GET /tokens: 200", "operationId: listTokens", wire + "pathTokens", false},
	{"list envelope", "a JSON array", "type: array", paging, false},
	{"list limit", "?limit=1: one token", "- name: limit", paging, false},
	{"list pages", `the header Link with rel="next"`, "Link:", paging, false},
	{"list and GET", "the same token", "operationId: getToken", "", false},
	{"token", "GET /tokens/{id}: 200", "operationId: getToken", wire + "pathTokens", false},
	{"token.id", "22 characters of base 58", "TokenID:", wire + "Token, CheckTokenID", false},
	{"token.name", "a string of 1 to 255 characters", "Name:", wire + "Token", false},
	{"token.role", "Administrator or User", "Role:", wire + "Role", false},
	{"token.created_at", "a time, RFC 3339", "created_at:", wire + "Token", false},
	{"token.updated_at", "a time, RFC 3339", "updated_at:", wire + "Token", false},
	{"token, other fields", "none, and no secret", "Token:", wire + "Token", false},
	{"error 401", "for a wrong secret", "Error:", errors4, false},
	{"error 404", "for an ID that does not exist, with the code not_found", "Error:", wire + "codeNotFound", false},
	{"error body", "a JSON object with code, message and perhaps details", "Error:", wire + "errorBody", false},
	{"registry challenge", "401 with a challenge for Basic or Bearer", "", registry, false},
	{"registry login", "an Administrator token is accepted", "", registry, false},
	{"registry catalog", "GET /v2/_catalog: 200, with repositories", "", registry, false},
	{"create", "POST /tokens: 201", "operationId: createToken", "internal/cloudfleet/tokens.go: CreateToken", true},
	{"secret", "cf_secret_ and 32 characters", "secret:", wire + "Token", true},
	{
		"idempotency key",
		"a create under the same key gives the same token",
		"- name: Idempotency-Key",
		"internal/cloudfleet/tokens.go: CreateToken",
		true,
	},
	{"equal names", "two tokens may have one name", "Name:", "internal/cloudfleet/tokens.go: Leftovers", true},
	{"error 400", "for a body that is not JSON", "Error:", errors4, true},
	{"error 422", "for a role that does not exist, with details about the field role", "Error:", errors4, true},
	{"error 409", "where an update or a create conflicts", "Error:", errors4, true},
	{"new secret", "accepted at once", "IssuedToken:", "internal/tokenkit/verify.go: settleTime", true},
	{"error 403", "for a User token under /tokens", "Error:", errors4, true},
	{"registry login of a User", "accepted", "", registry, true},
	{
		"update",
		"PUT /tokens/{id}: 200, with the new name and role",
		"operationId: updateToken",
		"internal/cloudfleet/tokens.go: UpdateToken",
		true,
	},
	{"read after write", "GET and the list have an update at once", "operationId: getToken", "internal/cloudfleet: LagTime", true},
	{"regenerate", "POST /tokens/{id}/regenerate: 200, with another secret", "operationId: regenerateToken", wire + "pathRegenerate", true},
	{"old secret at the API", "rejected at once", "operationId: regenerateToken", "", true},
	{"old secret at the registry", "rejected at once", "operationId: regenerateToken", "", true},
	{"delete", "DELETE /tokens/{id}: 204", "operationId: deleteToken", "internal/cloudfleet/tokens.go: DeleteToken", true},
	{"deleted token", "404, and its secret is rejected", "operationId: deleteToken", "", true},
}
