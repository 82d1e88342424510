package enrich

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"sync"

	"tailer"
	"tailer/internal/rawjson"
)

// titleKey is the metadata key of a chat's title.
const titleKey = "session_title"

// maxTitles bounds the titles that are remembered; the oldest are forgotten.
const maxTitles = 20_000

// titles are the names of chats, as Open WebUI's title task answered. They are
// kept by log, user and session: nobody's chat is named by another's answer, and
// a log gives the same names whatever is read beside it.
type titles struct {
	mu         sync.Mutex
	young, old map[[16]byte]string // guarded by mu
}

func (t *titles) put(key [16]byte, title string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.young == nil || len(t.young) >= maxTitles/2 {
		t.old, t.young = t.young, map[[16]byte]string{}
	}
	t.young[key] = title
}

func (t *titles) get(key [16]byte) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if title, ok := t.young[key]; ok {
		return title
	}
	return t.old[key]
}

// title learns a chat's title from the answer to a title task, and returns what is
// known of the session of any other request; "" for none. Chats that are not kept
// share their session ids, so they have no title; nor has what nobody asked.
func (c *call) title() string {
	a := &c.x.Attribution
	private := c.e.cfg.Content == ContentOff || c.x.Private && c.e.cfg.Content != ContentOn
	kind, _, _ := strings.Cut(a.Session, "/")
	if a.User == "" || a.Session == "" || private || temporary(kind) {
		return ""
	}
	key := titleOf(c.x)
	if a.Task != "title_generation" {
		return c.e.titles.get(key)
	}
	if title := titleIn(c.x.Response); title != "" {
		c.e.titles.put(key, c.short(c.p.text(title)))
	}
	return ""
}

// titleOf returns the key of an exchange's chat.
func titleOf(x *tailer.Exchange) (key [16]byte) {
	source := ""
	if len(x.Positions) > 0 {
		source = x.Positions[0].Source
	}
	sum := sha256.Sum256([]byte(source + "\x00" + x.Attribution.User + "\x00" + x.Attribution.Session))
	copy(key[:], sum[:])
	return key
}

// titleIn reads the answer that Open WebUI asks for, { "title": "…" }, with or
// without a fence around it, as it does itself (0.5.20 to 0.12.4): from the first
// brace to the last.
func titleIn(response json.RawMessage) string {
	for choice := range rawjson.Elements(rawjson.Member(response, "choices")) {
		text := rawjson.Scalar(rawjson.Member(rawjson.Member(choice, "message"), "content"))
		from, to := strings.IndexByte(text, '{'), strings.LastIndexByte(text, '}')
		if from < 0 || to < from || len(text) > 4096 {
			return ""
		}
		object := []byte(text[from : to+1])
		if !json.Valid(object) {
			return ""
		}
		title := line(rawjson.Scalar(rawjson.Member(object, "title")))
		if unresolved(title) {
			return ""
		}
		return title
	}
	return ""
}

// addTitle puts a chat's title into the metadata of the trace.
func (c *call) addTitle(title string) {
	a := &c.x.Attribution
	if title != "" && a.Session != "" {
		a.TraceMetadata = append(a.TraceMetadata, tailer.Header{Name: titleKey, Value: title})
	}
}
