package cloudfleet

import (
	"context"
	"sync"
	"time"
)

const (
	// batchWait is how long a read waits for others to come: a busy machine takes
	// its time to begin ten of them.
	batchWait = 20 * time.Millisecond
	// batchMin is how many reads are cheaper by a page than one by one.
	batchMin = 3
	// readsPerPage is how many reads there have to be for each page that is fetched
	// for fewer than batchMin. It costs little then, whatever it brings.
	readsPerPage = 5
	// refreshMax is how long after a refresh has begun its pages are used.
	refreshMax = 30 * time.Second
	// listTimeout is how long a page may take. Reading one by one is slower than a list
	// that answers, and faster than one that hangs.
	listTimeout = 5 * time.Second
)

// GetTokenBatched is GetToken for callers that read many tokens at about the same
// time, as a refresh does: while it is one of many it is answered from pages of the
// list (GET /tokens) that are fetched once for all. Then the answer may be up to 30
// seconds old. It is not older than any write by this client, and nothing is
// answered twice from the same page. A token that is not on a page, or on one with
// another name or role than is known, is asked for by itself: a list may lag. That a
// token does not exist is confirmed before it counts.
func (c *Client) GetTokenBatched(ctx context.Context, k KnownToken) (Token, error) {
	if err := CheckTokenID(k.ID); err != nil {
		return Token{}, err
	}
	// All wait for this one first, and then go on together.
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

// readBatcher lets the reads of one refresh share pages. All work is done by those that
// read, so that nothing is left running when they have their answers.
type readBatcher struct {
	mu  sync.Mutex
	now *refresh
	// broken: the list could not be had, so that this process does not ask again.
	broken bool
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

// get returns the token from a page. It is not found where the pages do not have
// it, or where it is cheaper to ask for it by itself.
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
		// One by one, the batch would have had its answers by now.
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

// worthAPage reports whether to fetch a page for so many that wait. There are never more
// pages than reads, but for one.
func (r *refresh) worthAPage(batch int) bool {
	return r.pages <= r.reads && (batch >= batchMin || readsPerPage*(r.pages+1) <= r.reads)
}

// fetch fetches the next page, while s is unlocked.
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

// isWhole reports whether a list says all about a token that a read has to know.
func isWhole(t Token) bool { return t.Name != "" && t.Role != "" && !t.CreatedAt.IsZero() }

// forget is for after a write: what a page says about the token was true before
// it, also where the page is still on its way.
func (b *readBatcher) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now != nil {
		b.now.written[id] = true
		delete(b.now.listed, id)
	}
}
