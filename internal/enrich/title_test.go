package enrich_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"tailer"
	"tailer/internal/enrich"
)

// titleTask is Open WebUI's title task (0.6), answered.
func titleTask(user, chat, answer string) tailer.Exchange {
	x := chatOf(user, chat)
	x.Request.Body = tailer.Fields{{Name: "messages", Value: json.RawMessage(
		`[{"role":"user","content":"### Task:\nGenerate a concise, 3-5 word title with an emoji.\n### Output:\nJSON"}]`)}}
	content, _ := json.Marshal(answer)
	x.Response = json.RawMessage(`{"choices":[{"message":{"role":"assistant","content":` + string(content) + `}}]}`)
	return x
}

func chatOf(user, chat string) tailer.Exchange {
	x := tailer.Exchange{Request: tailer.Request{Headers: []tailer.Header{{Name: "x-openwebui-chat-id", Value: chat}}},
		Positions: []tailer.Position{{Source: "log"}}}
	if user != "" {
		x.Request.Headers = append(x.Request.Headers, tailer.Header{Name: "x-openwebui-user-email", Value: user})
	}
	return x
}

func titleAfter(e *enrich.Enricher, x tailer.Exchange) string {
	e.Enrich(&x)
	for _, h := range x.Attribution.TraceMetadata {
		if h.Name == "session_title" {
			return h.Value
		}
	}
	return ""
}

// TestTitles takes a chat's title from the task that asks for it, and gives it to
// what follows in the same chat of the same person, and to nothing else.
func TestTitles(t *testing.T) {
	for _, test := range []struct {
		name, answer, want string
		cfg                enrich.Config
		before             func(x *tailer.Exchange) // changes the title task
		user, chat         string                   // of the chat that follows; "" for the same
	}{
		{name: "plain", answer: `{ "title": "🥖 Sourdough" }`, want: "🥖 Sourdough"},
		{name: "fenced", answer: "Sure!\n```json\n{\"title\": \"A\\nB\"}\n```", want: "A B"},
		{name: "no JSON", answer: "Sourdough"},
		{name: "broken JSON", answer: `{"title": "Sour`},
		{name: "placeholder", answer: `{"title": "{{TITLE}}"}`},
		{name: "no text", answer: `{"title": {"a": 1}}`},
		{name: "secret", answer: `{"title": "My ` + "sk-" + `proj-T3BlbkFJq8Zx1Lm4Vw7Yt2Rn5Kp9Hs6Gd3"}`, want: "My [redacted]"},
		{name: "another chat", answer: `{"title": "A"}`, chat: "chat-2"},
		{name: "another person", answer: `{"title": "A"}`, user: "bob@example.org"},
		{name: "hashed identity", answer: `{"title": "A"}`, want: "A", cfg: enrich.Config{IdentityMode: enrich.IdentityHash, IdentityKey: []byte("0123456789abcdef")}},
		{name: "no identity", answer: `{"title": "A"}`, cfg: enrich.Config{IdentityMode: enrich.IdentityDrop}},
		{name: "no content", answer: `{"title": "A"}`, cfg: enrich.Config{Content: enrich.ContentOff}},
		{name: "private", answer: `{"title": "A"}`, before: func(x *tailer.Exchange) { x.Private = true }},
		{name: "another log", answer: `{"title": "A"}`, before: func(x *tailer.Exchange) { x.Positions[0].Source = "other" }},
		{name: "failed", answer: `{"title": "A"}`, before: func(x *tailer.Exchange) { x.Response = nil }},
		{name: "task that is dropped", answer: `{"title": "A"}`, want: "A", cfg: enrich.Config{Select: enrich.Selection{DenyTasks: []string{"title_generation"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := enrich.New(test.cfg)
			if err != nil {
				t.Fatal(err)
			}
			user, chat := "ana@example.org", "chat-1"
			task := titleTask(user, chat, test.answer)
			if test.before != nil {
				test.before(&task)
			}
			if got := titleAfter(e, chatOf(user, chat)); got != "" {
				t.Errorf("title %q before it was given", got)
			}
			if got := titleAfter(e, task); got != "" {
				t.Errorf("the task itself has the title %q", got)
			}
			if test.user != "" {
				user = test.user
			}
			if test.chat != "" {
				chat = test.chat
			}
			if got := titleAfter(e, chatOf(user, chat)); got != test.want {
				t.Errorf("title %q, want %q", got, test.want)
			}
		})
	}
}

// TestTitlesOfNobody are none: in one chat several may have asked without a name.
func TestTitlesOfNobody(t *testing.T) {
	e, err := enrich.New(enrich.Config{})
	if err != nil {
		t.Fatal(err)
	}
	titleAfter(e, titleTask("", "chat-1", `{"title": "A"}`))
	if got := titleAfter(e, chatOf("", "chat-1")); got != "" {
		t.Errorf("title %q", got)
	}
}

// TestTitlesOfTemporaryChats are none: they share their ids.
func TestTitlesOfTemporaryChats(t *testing.T) {
	for _, chat := range []string{"local", "local:4711", "temporary:1"} {
		e, err := enrich.New(enrich.Config{})
		if err != nil {
			t.Fatal(err)
		}
		titleAfter(e, titleTask("ana@example.org", chat, `{"title": "A"}`))
		if got := titleAfter(e, chatOf("ana@example.org", chat)); got != "" {
			t.Errorf("%s: title %q", chat, got)
		}
	}
}

// TestTitlesAreBounded forgets the oldest titles and no more.
func TestTitlesAreBounded(t *testing.T) {
	e, err := enrich.New(enrich.Config{})
	if err != nil {
		t.Fatal(err)
	}
	const chats = 30_001
	for i := range chats {
		titleAfter(e, titleTask("ana@example.org", fmt.Sprint("chat-", i), `{"title": "A"}`))
	}
	kept := 0
	for i := range chats {
		if titleAfter(e, chatOf("ana@example.org", fmt.Sprint("chat-", i))) != "" {
			kept++
		}
	}
	if kept < 10_000 || kept > 20_000 {
		t.Errorf("%d titles are kept", kept)
	}
	if got := titleAfter(e, chatOf("ana@example.org", fmt.Sprint("chat-", chats-1))); got != "A" {
		t.Errorf("the newest title is %q", got)
	}
}
