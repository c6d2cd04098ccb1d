package cloudfleet

import (
	"context"
	"sync"
	"time"
)

const (
	// companyWait is how long a read waits for others to come: a busy machine takes
	// its time to begin ten of them.
	companyWait = 20 * time.Millisecond
	// companyMin is how many reads are cheaper by a page than one by one.
	companyMin = 3
	// readsPerPage is how many reads there have to be for each page that is fetched
	// for fewer than companyMin. It costs little then, whatever it brings.
	readsPerPage = 5
	// refreshMax is how long after a refresh has begun its pages are used.
	refreshMax = 30 * time.Second
)

// ReadToken is GetToken for who reads many tokens at about the same time, as a
// refresh does: while it is one of many it is answered from pages of the list
// (GET /tokens) that are fetched once for all. Then the answer may be up to 30
// seconds old. It is not older than any write by this client, and nothing is
// answered twice from the same page. A token that is not on a page is asked for
// by itself, so that one is only gone when the API says so.
func (c *Client) ReadToken(ctx context.Context, id string) (Token, error) {
	if err := CheckTokenID(id); err != nil {
		return Token{}, err
	}
	// All wait for this one first, and then go on together.
	if err := c.checkOrganization(ctx); err != nil {
		return Token{}, err
	}
	if t, found := c.reads.find(ctx, c, id); found {
		return t, nil
	}
	return c.GetToken(ctx, id)
}

// reads lets the reads of one refresh share pages. All work is done by those that
// read, so that nothing is left running when they have their answers.
type reads struct {
	mu  sync.Mutex
	now *refresh
}

// refresh is what is known to the reads of one refresh.
type refresh struct {
	began time.Time
	// reads and pages are how many there were so far.
	reads, pages int
	list         list[Token]
	// over: the list has no more pages, or cannot be had.
	over     bool
	fetching bool
	// fetched is closed when a page has come, or failed to.
	fetched chan struct{}
	// listed are the tokens of the pages that were not asked for yet.
	listed map[string]Token
	// waiting is how many reads wait for a page.
	waiting int
	// written are the IDs of which a page may say what was true before a write.
	written map[string]bool
}

// find returns the token from a page. It is not found where the pages do not have
// it, or where it is cheaper to ask for it by itself.
func (s *reads) find(ctx context.Context, c *Client, id string) (Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil || time.Since(s.now.began) > refreshMax {
		s.now = &refresh{
			began:   time.Now(),
			list:    list[Token]{request: firstTokens(), valid: hasID},
			fetched: make(chan struct{}),
			listed:  map[string]Token{},
			written: map[string]bool{},
		}
	}
	r := s.now
	r.reads++
	r.waiting++
	defer func() { r.waiting-- }()

	timer := time.NewTimer(companyWait)
	defer timer.Stop()
	var company, pages int
	var waited bool
	for {
		if t, ok := r.listed[id]; ok {
			delete(r.listed, id)
			return t, true
		}
		company = max(company, r.waiting)
		switch {
		// One by one, the company would have had its answers by now.
		case pages > company, r.over, r.written[id], ctx.Err() != nil:
			return Token{}, false
		case r.fetching:
		case r.pays(company):
			s.fetch(ctx, c, r)
			pages++
			continue
		case waited:
			return Token{}, false
		}
		fetched := r.fetched
		s.mu.Unlock()
		select {
		case <-fetched:
			pages++
		case <-timer.C:
			waited = true
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
}

// pays tells whether to fetch a page for so many that wait. There are never more
// pages than reads, but for one.
func (r *refresh) pays(company int) bool {
	return r.pages <= r.reads && (company >= companyMin || readsPerPage*(r.pages+1) <= r.reads)
}

// fetch fetches the next page, while s is unlocked.
func (s *reads) fetch(ctx context.Context, c *Client, r *refresh) {
	r.fetching = true
	s.mu.Unlock()
	page, err := r.list.next(ctx, c)
	s.mu.Lock()
	r.fetching = false
	r.pages++
	// If only this read was cancelled, another one fetches the page.
	r.over = r.list.ended || err != nil && ctx.Err() == nil
	for _, t := range page {
		if !r.written[t.ID] && isWhole(t) {
			r.listed[t.ID] = t
		}
	}
	close(r.fetched)
	r.fetched = make(chan struct{})
}

// isWhole tells whether a list says all about a token that a read has to know.
func isWhole(t Token) bool { return t.Name != "" && t.Role != "" && !t.CreatedAt.IsZero() }

// forget is for after a write: what a page says about the token was true before
// it, also where the page is still on its way.
func (s *reads) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		s.now.written[id] = true
		delete(s.now.listed, id)
	}
}
