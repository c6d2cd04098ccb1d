package apitoken_test

import (
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

const listType = "cloudfleet_api_token"

func TestListFilters(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	issueNamed(t, cloud, "team-a-pull", "team-a-push", "team-b-pull")
	p := protocoltest.Start(t, cloud, nil)
	for name, test := range map[string]struct {
		config map[string]any
		want   []string
	}{
		"all": {nil, []string{"team-a-pull (User)", "team-a-push (Administrator)", "team-b-pull (User)"}},
		"the own one, too": {map[string]any{"include_own": true, "role": "Administrator"}, []string{
			"mock server's first token (Administrator, the provider's own)", "team-a-push (Administrator)",
		}},
		"older":      {map[string]any{"older_than_days": 1}, nil},
		"of any age": {map[string]any{"older_than_days": 0, "role": "User"}, []string{"team-a-pull (User)", "team-b-pull (User)"}},
		"role":       {map[string]any{"role": "User"}, []string{"team-a-pull (User)", "team-b-pull (User)"}},
		"prefix":     {map[string]any{"name_prefix": "team-a-"}, []string{"team-a-pull (User)", "team-a-push (Administrator)"}},
		"regex":      {map[string]any{"name_regex": "^team-.-push$", "role": "Administrator"}, []string{"team-a-push (Administrator)"}},
		"none":       {map[string]any{"name_prefix": "team-c-"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for result := range p.List(t.Context(), listType, test.config, 100, false) {
				if got = append(got, tokentest.WithoutDate(result.DisplayName)); len(result.Diags) > 0 || result.Resource != nil {
					t.Errorf("got %+v", result)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// A resource in the result is what an import and a refresh would produce.
func TestListWithResources(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	issueNamed(t, cloud, "ci")
	p := protocoltest.Start(t, cloud, nil)
	listed := slices.Collect(p.List(t.Context(), listType, map[string]any{"name_prefix": "ci"}, 100, true))
	if len(listed) != 1 || len(listed[0].Diags) > 0 {
		t.Fatalf("got %+v", listed)
	}
	imported := p.Resource(listType)
	if diags := imported.ImportByIdentity(t.Context(), listed[0].Identity); len(diags) > 0 {
		t.Fatal(diags)
	}
	if want := imported.State(); !reflect.DeepEqual(listed[0].Resource, want) || want["id"] != cloud.Issued()[0].ID ||
		want["created_at"] == nil {
		t.Errorf("got %v, want %v", listed[0].Resource, want)
	}
}

func TestListAsksForNoMorePagesThanItNeeds(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	var names []string
	for i := range 250 {
		names = append(names, strconv.Itoa(i))
	}
	issueNamed(t, cloud, names...)
	p := protocoltest.Start(t, cloud, nil)
	for name, test := range map[string]struct {
		limit            int64
		prefix           string
		stop             int
		results, queries int
	}{
		"a few":                 {5, "", 0, 5, 1},
		"a page but one":        {99, "", 0, 99, 1},
		"one more than a page":  {101, "", 0, 101, 2},
		"no limit":              {0, "", 0, 250, 3},
		"a limit beyond all":    {1000, "", 0, 250, 3},
		"those that pass count": {12, "1", 0, 12, 2},
		"the reader leaves":     {1000, "", 3, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			cloud.ForgetRequests()
			results := 0
			for result := range p.List(t.Context(), listType, map[string]any{"name_prefix": test.prefix}, test.limit, false) {
				if results++; len(result.Diags) > 0 {
					t.Error(result.Diags)
				}
				if results == test.stop {
					break
				}
			}
			requests := slices.DeleteFunc(cloud.Requests(), func(r mockserver.Request) bool { return r.Path != "/v1/tokens" })
			if results != test.results || len(requests) != test.queries {
				t.Errorf("%d results of %v", results, requests)
			}
		})
	}
}

// Errors reach the user, wherever in the list they occur.
func TestListErrors(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	var names []string
	for i := range 100 {
		names = append(names, strconv.Itoa(i))
	}
	issueNamed(t, cloud, names...)
	p := protocoltest.Start(t, cloud, nil)
	for name, test := range map[string]struct {
		config  map[string]any
		fault   func(*http.Request) bool
		results int
		want    []string
	}{
		"at once":          {nil, func(*http.Request) bool { return true }, 0, []string{"Could not list API tokens", "500 Internal Server Error", "Request ID: mock-"}},
		"on the next page": {nil, func(r *http.Request) bool { return r.URL.Query().Has("after") }, 99, []string{"Could not list API tokens", "500"}},
		"role":             {map[string]any{"role": "user"}, nil, 0, []string{"Invalid role", `AttributeName("role")`}},
		"regex":            {map[string]any{"name_regex": "("}, nil, 0, []string{"Invalid name_regex", `AttributeName("name_regex")`}},
		"regex and prefix": {map[string]any{"name_regex": "a", "name_prefix": "a"}, nil, 0, []string{`"name_prefix" cannot be specified when "name_regex" is`}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud.Intercept(func(api http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if test.fault != nil && test.fault(r) {
						w.WriteHeader(http.StatusInternalServerError)
						return
					}
					api.ServeHTTP(w, r)
				})
			})
			listed := slices.Collect(p.List(t.Context(), listType, test.config, 1000, true))
			if len(listed) != test.results+1 {
				t.Fatalf("%d results", len(listed))
			}
			said := listed[test.results].Diags
			for _, want := range test.want {
				if !said.HasError() || !strings.Contains(said.String(), want) {
					t.Errorf("%q is not in: %s", want, said)
				}
			}
		})
	}
}

func TestAccQuery(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	issueNamed(t, cloud, "team-a-pull", "team-a-push", "team-b-pull")
	acctest.Need(t, acctest.Queries)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		Steps: []resource.TestStep{
			{Config: cloud.ProviderBlock()},
			{
				Query: true, // in the folder of the step before, with its provider
				Config: `
list "cloudfleet_api_token" "team_a" {
  provider         = cloudfleet
  include_resource = true
  config {
    name_prefix = "team-a-"
  }
}
`,
				QueryResultChecks: []querycheck.QueryResultCheck{
					querycheck.ExpectLength("cloudfleet_api_token.team_a", 2),
					querycheck.ExpectIdentity(
						"cloudfleet_api_token.team_a",
						identified(cloud.Issued()[0].ID),
					),
					querycheck.ExpectResourceDisplayName("cloudfleet_api_token.team_a",
						queryfilter.ByResourceIdentity(identified(cloud.Issued()[1].ID)),
						knownvalue.StringRegexp(regexp.MustCompile(`^team-a-push \(Administrator, created`))),
					querycheck.ExpectResourceKnownValues("cloudfleet_api_token.team_a",
						queryfilter.ByResourceIdentity(identified(cloud.Issued()[1].ID)),
						[]querycheck.KnownValueCheck{{Path: tfjsonpath.New("role"), KnownValue: knownvalue.StringExact("Administrator")}}),
				},
			},
		},
	})
}

// identified is the identity of the token with this ID.
func identified(id string) map[string]knownvalue.Check {
	return map[string]knownvalue.Check{"id": knownvalue.StringExact(id), "previous_id": knownvalue.Null()}
}
