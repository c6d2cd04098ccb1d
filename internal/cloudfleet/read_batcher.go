package cloudfleet

import (
	"context"
	"sync"
	"time"
)

const (
	// batchWait is how long a read waits for others: a busy machine starts ten of them
	// one after the other.
	batchWait = 20 * time.Millisecond
	// batchMin is the number of reads from which a page is cheaper than single calls.
	batchMin = 3
	// readsPerPage is the ratio of reads to pages from which a page is fetched for fewer
	// than batchMin reads, too. Its cost is then small, even if their tokens are not on
	// it.
	readsPerPage = 5
	// refreshMax is how long after the beginning of a refresh its pages are used.
	refreshMax = 30 * time.Second
	// listTimeout is how long a page may take. Single calls are slower than a list that
	// answers, and faster than one that hangs.
	listTimeout = 5 * time.Second
)

// GetTokenBatched is GetToken for callers that read many tokens at about the same time,
// as a refresh does. Many reads are answered from pages of the list (GET /tokens) that
// are fetched once for all. An answer may be up to 30 seconds old, but is never older
// than a write by this client, and a page answers for a token only once. A token that is
// on no page, or on one with another name or role than is known, is read by itself: a
// list may lag. That a token does not exist is confirmed before it counts.
func (c *Client) GetTokenBatched(ctx context.Context, k KnownToken) (Token, error) {
	if err := CheckTokenID(k.ID); err != nil {
		return Token{}, err
	}
	// All reads wait for this check first, and then continue together.
	if err := c.checkOrganization(ctx); err != nil {
		return Token{}, err
	}
	if t, found := c.batcher.get(ctx, c, k.ID); found && k.agrees(t) {
		return t, nil
	}
	t, err := c.GetToken(ctx, k.ID)
	if IsNotFound(err) {
		err = c.confirmNotFound(ctx, k, err, func() error {
			t, err = c.GetToken(ctx, k.ID)
			return err
		})
	}
	return t, err
}

func (k KnownToken) agrees(t Token) bool {
	return k.Settings == (TokenSettings{}) || k.Settings == (TokenSettings{Name: t.Name, Role: t.Role})
}

// readBatcher lets the reads of one refresh share pages. The reads do all the work, so
// that nothing runs on after they have returned.
type readBatcher struct {
	mu  sync.Mutex
	now *refresh
	// broken: the list failed, and this process does not request it again.
	broken bool
}

// refresh is what the reads of one refresh share.
type refresh struct {
	began time.Time
	// reads and pages are how many there have been so far.
	reads, pages int
	list         list[Token]
	// over: the list has no more pages, or failed.
	over     bool
	fetching bool
	// fetched is closed when a page has arrived or failed.
	fetched chan struct{}
	// listed are the tokens on the pages that no read has taken yet.
	listed map[string]Token
	// waiting is how many reads wait for a page.
	waiting int
	// written are the IDs of tokens that were written since: a page may have them as they
	// were before.
	written map[string]bool
}

// get returns the token from a page. It reports false if no page has it, or if it is
// cheaper to read it by itself.
func (b *readBatcher) get(ctx context.Context, c *Client, id string) (Token, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now == nil || time.Since(b.now.began) > refreshMax {
		b.now = &refresh{
			began:   time.Now(),
			list:    list[Token]{request: firstPage(), valid: hasID},
			fetched: make(chan struct{}),
			listed:  map[string]Token{},
			written: map[string]bool{},
		}
	}
	r := b.now
	r.reads++
	r.waiting++
	defer func() { r.waiting-- }()

	timer := time.NewTimer(batchWait)
	defer timer.Stop()
	var batch, pages int
	var waited bool
	for {
		if t, ok := r.listed[id]; ok {
			delete(r.listed, id)
			return t, true
		}
		batch = max(batch, r.waiting)
		switch {
		// Single calls would have had their answers by now.
		case b.broken, pages > batch, r.over, r.written[id], ctx.Err() != nil:
			return Token{}, false
		case r.fetching:
		case r.worthAPage(batch):
			b.fetch(ctx, c, r)
			pages++
			continue
		case waited:
			return Token{}, false
		}
		fetched := r.fetched
		b.mu.Unlock()
		select {
		case <-fetched:
			pages++
		case <-timer.C:
			waited = true
		case <-ctx.Done():
		}
		b.mu.Lock()
	}
}

// worthAPage reports whether to fetch a page for this number of waiting reads. There is
// at most one page more than there are reads.
func (r *refresh) worthAPage(batch int) bool {
	return r.pages <= r.reads && (batch >= batchMin || readsPerPage*(r.pages+1) <= r.reads)
}

// fetch fetches the next page. The mutex must be held, and is released meanwhile.
func (b *readBatcher) fetch(ctx context.Context, c *Client, r *refresh) {
	r.fetching = true
	b.mu.Unlock()
	page, err := r.list.next(context.WithValue(ctx, onceKey{}, listTimeout), c)
	b.mu.Lock()
	r.fetching = false
	r.pages++
	// If only this read was cancelled, another one fetches the page.
	b.broken = b.broken || err != nil && ctx.Err() == nil
	r.over = r.list.ended || err != nil && ctx.Err() == nil
	for _, t := range page {
		if !r.written[t.ID] && isWhole(t) {
			r.listed[t.ID] = t
		}
	}
	close(r.fetched)
	r.fetched = make(chan struct{})
}

// isWhole reports whether an element of a list has all fields that a read needs.
func isWhole(t Token) bool { return t.Name != "" && t.Role != "" && !t.CreatedAt.IsZero() }

// forget is called after a write. Pages have the token as it was before, even those that
// are still being fetched.
func (b *readBatcher) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now != nil {
		b.now.written[id] = true
		delete(b.now.listed, id)
	}
}
