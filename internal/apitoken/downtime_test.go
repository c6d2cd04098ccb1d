package apitoken_test

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// pipeline logs in repeatedly with the last secret that it got.
type pipeline struct {
	url      string
	mu       sync.Mutex // held during a login, so that none is under way in a handover
	id       string
	secret   string
	logins   int
	refusals int
}

func (p *pipeline) hand(id, secret string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id, p.secret = id, secret
}

func (p *pipeline) logIn() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.id == "" {
		return nil
	}
	req, err := http.NewRequest(http.MethodGet, p.url, nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(p.id, p.secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		p.logins++
	case http.StatusUnauthorized:
		p.refusals++
	default:
		return fmt.Errorf("a login was answered with %s", resp.Status)
	}
	return nil
}

// run logs in every five milliseconds until the returned function is called.
func (p *pipeline) run(t *testing.T) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				if err := p.logIn(); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	return sync.OnceFunc(func() { close(done); <-ended })
}

// A pipeline that lags one apply behind gets each secret just before the next apply. In
// five rotations of two tokens it is never rejected. With one token it is, which is the
// gap that the second token closes.
func TestAccRotationWithoutDowntime(t *testing.T) {
	for name, test := range map[string]struct {
		config      func(name, role string, arguments ...string) string
		address, id string
		refused     bool
	}{
		"two tokens": {rotating, rotatingAddress, "token_id", false},
		"one token":  {token, address, "id", true},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			p := &pipeline{url: cloud.Endpoint + "/organization"}
			var issued map[string]string
			var steps []resource.TestStep
			const applies = 6
			for i := range applies {
				steps = append(steps, resource.TestStep{
					PreConfig: func() { p.hand(issued[test.id], issued["secret"]) },
					Config:    test.config("ci", "User", trigger(strconv.Itoa(i))),
					Check: func(s *terraform.State) error {
						issued = s.RootModule().Resources[test.address].Primary.Attributes
						return p.logIn() // at least once after each apply
					},
				})
			}
			stop := p.run(t)
			// The last step ends with a destroy, which does not rotate.
			steps[applies-1].Check = resource.ComposeTestCheckFunc(steps[applies-1].Check, func(*terraform.State) error {
				stop()
				return nil
			})
			t.Cleanup(func() {
				stop()
				if !t.Skipped() && (p.logins < applies || (p.refusals > 0) != test.refused) {
					t.Errorf("%d logins, %d refusals", p.logins, p.refusals)
				}
			})
			cloud.Run(t, steps...)
		})
	}
}

// From one token to two, a rotation, and back to one: a pipeline that lags one apply
// behind is never rejected.
func TestAccMoveWithoutDowntime(t *testing.T) {
	acctest.Need(t, acctest.Moves)
	cloud := acctest.Start(t, mockserver.Options{})
	p := &pipeline{url: cloud.Endpoint + "/organization"}
	moved := func(from, to string) string { return fmt.Sprintf("moved {\n  from = %s\n  to   = %s\n}\n", from, to) }
	there, back := moved(address, rotatingAddress), moved(rotatingAddress, address)
	var id, secret string
	step := func(at, idAttribute, config string, plans ...plancheck.PlanCheck) resource.TestStep {
		return resource.TestStep{
			PreConfig:        func() { p.hand(id, secret) },
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: plans},
			Check: func(s *terraform.State) error {
				a := s.RootModule().Resources[at].Primary.Attributes
				id, secret = a[idAttribute], a["secret"]
				return p.logIn()
			},
		}
	}
	steps := []resource.TestStep{
		step(address, "id", token("ci", "User", trigger("a"))),
		step(rotatingAddress, "token_id", there+rotating("ci", "User", trigger("a")), plancheck.ExpectEmptyPlan()),
		step(rotatingAddress, "token_id", there+rotating("ci", "User", trigger("b"))),
		step(rotatingAddress, "token_id", rotating("ci", "User", trigger("b"), "keep_previous = false")),
		step(address, "id", back+token("ci", "User", trigger("b")), plancheck.ExpectEmptyPlan()),
	}
	stop := p.run(t)
	last := &steps[len(steps)-1]
	last.Check = resource.ComposeTestCheckFunc(last.Check, func(*terraform.State) error {
		stop()
		return nil
	})
	t.Cleanup(func() {
		stop()
		if p.logins < len(steps) || p.refusals > 0 {
			t.Errorf("%d logins, %d refusals", p.logins, p.refusals)
		}
	})
	cloud.Run(t, steps...)
}
