package rotatingtoken_test

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/querycheck/queryfilter"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

const rotatingType = "cloudfleet_rotating_api_token"

// adoptable creates the groups that a list of rotating tokens distinguishes, and returns
// the IDs. pair-0 is the current token of the pair.
func adoptable(t *testing.T, cloud *acctest.Cloud) map[string]string {
	t.Helper()
	names := []string{"pair", "alone", "crowd", "pair", "crowd", "ci-push", "crowd"}
	issueNamed(t, cloud, names...)
	// A User token of the same name does not belong to it.
	createElsewhere(t, cloud, "ci-push")
	ids := map[string]string{}
	for i, token := range cloud.Issued() {
		ids[fmt.Sprintf("%s-%d", token.Name, i)] = token.ID
	}
	call(t, cloud, http.MethodPost, "/tokens/"+ids["pair-0"]+"/regenerate", "")
	cloud.ForgetRequests()
	return ids
}

func TestRotatingList(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	ids := adoptable(t, cloud)
	p := protocoltest.Start(t, cloud, nil)
	const own, pair, alone, admin, user = "mock server's first token (Administrator, one token, the provider's own)",
		"pair (User, two tokens)", "alone (User, one token)", "ci-push (Administrator, one token)", "ci-push (User, one token)"
	for name, test := range map[string]struct {
		config map[string]any
		limit  int64
		warns  bool
		want   []string
	}{
		"all":            {nil, 0, true, []string{pair, alone, admin, user}},
		"limit":          {nil, 2, true, []string{pair, alone}},
		"limit as many":  {nil, 4, true, []string{pair, alone, admin, user}},
		"limit beyond":   {map[string]any{"include_own": true}, 100, true, []string{own, pair, alone, admin, user}},
		"role":           {map[string]any{"role": "Administrator"}, 100, false, []string{admin}},
		"prefix":         {map[string]any{"name_prefix": "p"}, 100, false, []string{pair}},
		"regex":          {map[string]any{"name_regex": "^ci-"}, 100, false, []string{admin, user}},
		"a crowd alone":  {map[string]any{"name_prefix": "crowd"}, 100, true, nil},
		"nothing at all": {map[string]any{"name_prefix": "nobody"}, 100, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var warned bool
			var got []string
			for result := range p.List(t.Context(), rotatingType, test.config, test.limit, false) {
				if len(result.Diags) == 0 {
					got = append(got, tokentest.WithoutDate(result.DisplayName))
					continue
				}
				said := result.Diags.String()
				if result.Identity != nil || result.Diags.HasError() || !strings.Contains(said, `"crowd" (User): 3 tokens`) ||
					strings.Contains(said, "pair") {
					t.Errorf("got %v: %s", result.Identity, said)
				}
				if warned || len(got) > 0 {
					t.Error("the warning is not the first, and a CLI that has enough results never reads it")
				}
				warned = true
			}
			if !slices.Equal(got, test.want) || warned != test.warns {
				t.Errorf("got %v, warned: %t", got, warned)
			}
		})
	}
	listed := slices.Collect(p.List(t.Context(), rotatingType, map[string]any{"name_regex": "^(pair|alone)$"}, 100, false))
	want := []map[string]any{
		{"id": ids["pair-0"], "previous_id": ids["pair-3"]},
		{"id": ids["alone-1"], "previous_id": nil},
	}
	for i := range want {
		if len(listed) != len(want) || !reflect.DeepEqual(listed[i].Identity, want[i]) || listed[i].Resource != nil {
			t.Fatalf("got %+v, want %v", listed, want)
		}
	}
	if writes := cloud.Writes(); len(writes) > 0 {
		t.Error(writes)
	}
}

// A resource in the result is what an import and a refresh would produce. There may be a
// warning.
func TestRotatingListWithResources(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	ids := adoptable(t, cloud)
	p := protocoltest.Start(t, cloud, nil)
	listed := slices.Collect(p.List(t.Context(), rotatingType, map[string]any{"role": "User"}, 100, true))
	if len(listed) != 4 || len(listed[0].Diags) != 1 || listed[0].Resource != nil || listed[1].Resource["previous_token_id"] != ids["pair-3"] {
		t.Fatalf("got %+v", listed)
	}
	for _, one := range listed[1:] {
		imported := p.Resource(rotatingType)
		if diags := imported.ImportByIdentity(t.Context(), one.Identity); len(one.Diags)+len(diags) > 0 {
			t.Fatal(one.Diags, diags)
		}
		if want := imported.State(); !reflect.DeepEqual(one.Resource, want) {
			t.Errorf("got %v, want %v", one.Resource, want)
		}
	}
}

// One token of a pair must not be listed as a single token.
func TestRotatingListNeedsEveryPage(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	var names []string
	for i := range 120 {
		names = append(names, "ci-"+strconv.Itoa(i%60))
	}
	issueNamed(t, cloud, names...)
	p := protocoltest.Start(t, cloud, nil)
	failing := false
	cloud.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if failing && r.URL.Query().Has("after") {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			api.ServeHTTP(w, r)
		})
	})
	listed := slices.Collect(p.List(t.Context(), rotatingType, map[string]any{"name_prefix": "ci-"}, 50, false))
	if len(listed) != 50 || tokentest.WithoutDate(listed[49].DisplayName) != "ci-49 (User, two tokens)" {
		t.Errorf("got %+v", listed)
	}
	failing = true
	listed = slices.Collect(p.List(t.Context(), rotatingType, nil, 50, true))
	if len(listed) != 1 || listed[0].Identity != nil {
		t.Fatalf("got %+v", listed)
	}
	for _, want := range []string{"Could not list API tokens", "500 Internal Server Error", "Request ID: mock-"} {
		if said := listed[0].Diags; !said.HasError() || !strings.Contains(said.String(), want) {
			t.Errorf("%q is not in: %s", want, said)
		}
	}
}

func TestRotatingListRefusesAnInvalidFilter(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	p := protocoltest.Start(t, cloud, nil)
	for name, value := range map[string]string{"role": "user", "name_regex": "("} {
		listed := slices.Collect(p.List(t.Context(), rotatingType, map[string]any{name: value}, 100, true))
		if len(listed) != 1 || !listed[0].Diags.HasError() || !strings.Contains(listed[0].Diags.String(), `AttributeName("`+name+`")`) {
			t.Errorf("%s: got %+v", name, listed)
		}
	}
	if requests := cloud.Requests(); len(requests) > 0 {
		t.Error(requests)
	}
}

func TestAccRotatingQuery(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	ids := adoptable(t, cloud)
	const users = "cloudfleet_rotating_api_token.users"
	identity := func(current, previous knownvalue.Check) map[string]knownvalue.Check {
		return map[string]knownvalue.Check{"id": current, "previous_id": previous}
	}
	pair := identity(knownvalue.StringExact(ids["pair-0"]), knownvalue.StringExact(ids["pair-3"]))
	acctest.Need(t, acctest.Queries)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		Steps: []resource.TestStep{
			{Config: cloud.ProviderBlock()},
			{
				Query: true, // in the folder of the step before, with its provider
				Config: `
list "cloudfleet_rotating_api_token" "users" {
  provider         = cloudfleet
  include_resource = true
  config {
    role = "User"
  }
}
`,
				QueryResultChecks: []querycheck.QueryResultCheck{
					querycheck.ExpectLength(users, 3),
					querycheck.ExpectIdentity(users, identity(knownvalue.StringExact(ids["alone-1"]), knownvalue.Null())),
					querycheck.ExpectResourceDisplayName(
						users,
						queryfilter.ByResourceIdentity(pair),
						knownvalue.StringRegexp(regexp.MustCompile(`^pair \(User, two tokens, created`)),
					),
					querycheck.ExpectResourceKnownValues(users, queryfilter.ByResourceIdentity(pair), []querycheck.KnownValueCheck{
						{Path: tfjsonpath.New("name"), KnownValue: knownvalue.StringExact("pair")},
						{Path: tfjsonpath.New("previous_token_id"), KnownValue: knownvalue.StringExact(ids["pair-3"])},
						{Path: tfjsonpath.New("secret"), KnownValue: knownvalue.Null()},
					}),
				},
			},
		},
	})
}
