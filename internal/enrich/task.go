package enrich

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"tailer"
	"tailer/internal/rawjson"
)

// prompts are how Open WebUI's default task prompts begin (0.5.20 to 0.12.4),
// after `### Task:`. Its prompt for answers from documents begins so too, and is
// a chat: `Respond to the user query using the provided context`.
var prompts = []struct{ begin, task string }{
	{"Generate a concise", "title_generation"},
	{"Generate 1-3 broad tags", "tags_generation"},
	{"Suggest 3-5 relevant follow-up", "follow_up_generation"},
	{"Predict 3-5 useful messages", "follow_up_generation"},
	{"Analyze the chat history to determine the necessity of generating search queries", "query_generation"},
	{"You are an autocompletion system", "autocomplete_generation"},
	{"Generate a detailed prompt for am image generation task", "image_prompt_generation"},
	{"Generate a detailed prompt for an image generation task", "image_prompt_generation"},
	{"Your task is to reflect the speaker's likely facial expression", "emoji_generation"},
	{"You have been provided with a set of responses", "moa_response_generation"},
	{"Summarize the conversation history that will be compacted out of the active chat context", "context_compaction"},
}

// bare are task prompts that Open WebUI sends without `### Task:` before them.
var bare = []struct{ begin, task string }{
	{"Your task is to reflect the speaker's likely facial expression through a fitting emoji", "emoji_generation"},
	{"You have been provided with a set of responses from various models to the latest user query", "moa_response_generation"},
	{"Review the completed conversation turn and decide whether long-term memory should change", "memory_review"},
}

// choosing is what Open WebUI's system message asks of a model that has no tools
// of its own, behind the list of tools and, maybe, the model's own system prompt.
const choosing = "Your task is to choose and return the correct tool(s) from the list of available tools based on the query."

// knownTasks are Open WebUI's names of tasks.
var knownTasks = map[string]bool{
	"title_generation": true, "follow_up_generation": true, "tags_generation": true, "emoji_generation": true,
	"query_generation": true, "image_prompt_generation": true, "autocomplete_generation": true, "function_calling": true,
	"moa_response_generation": true, "context_compaction": true, "memory_review": true,
}

// task sets what the request is for, if it is no turn of a person.
func (c *call) task() {
	if c.e.cfg.TaskHeader != "" {
		name := langfuseHeader(plainHeader(c.e.cfg.TaskHeader))
		for _, h := range c.heads {
			if h.plain != name || unresolved(h.Value) {
				continue
			}
			if task := taskName(percentDecoded(h.Value)); task != "" {
				c.x.Attribution.Task = c.p.text(task)
				return
			}
		}
	}
	text := lastUserText(c.x.Request.Body)
	c.x.Attribution.Task = taskOf(text)
	if c.x.Attribution.Task == "" && choosesTools(text, c.x.Request.Body) {
		c.x.Attribution.Task = "function_calling"
	}
}

// taskName returns a header's value in the form of Open WebUI's task names:
// lower case, '_' for what is no letter or digit, at most 64 bytes.
func taskName(value string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, strings.TrimSpace(value)), "_")
	return name[:min(len(name), 64)]
}

// taskOf returns the task that a user message is, by its first two sentences.
func taskOf(text string) string {
	text = strings.TrimSpace(text)
	list := bare
	if rest, ok := strings.CutPrefix(text, "### Task:"); ok {
		text, list = strings.TrimSpace(rest), prompts
	}
	for _, p := range list {
		if strings.HasPrefix(text, p.begin) {
			return p.task
		}
	}
	return ""
}

// choosesTools reports whether a chat is Open WebUI's question which tool to call.
// Neither message alone says so: people, too, begin with `Query: `.
func choosesTools(text string, body tailer.Fields) bool {
	if !strings.HasPrefix(text, "Query: ") && !strings.HasPrefix(text, "History:\n") {
		return false
	}
	for m := range rawjson.Elements(body.Get("messages")) {
		if rawjson.Scalar(rawjson.Member(m, "role")) == "system" {
			return bytes.Contains(rawjson.Member(m, "content"), []byte(choosing))
		}
	}
	return false
}

// lastUserText returns the beginning of the last user message of a chat, of a
// message or of a response; "" where there is none.
func lastUserText(body tailer.Fields) string {
	for _, name := range []string{"messages", "input"} {
		var last json.RawMessage
		for m := range rawjson.Elements(body.Get(name)) {
			if rawjson.Scalar(rawjson.Member(m, "role")) == "user" {
				last = m
			}
		}
		if last != nil {
			return firstText(rawjson.Member(last, "content"))
		}
	}
	return beginning(body.Get("input")) + beginning(body.Get("prompt"))
}

// firstText returns the text of a message's content: a string, or the first of
// its parts that is text.
func firstText(content json.RawMessage) string {
	for part := range rawjson.Elements(content) {
		kind := rawjson.Scalar(rawjson.Member(part, "type"))
		if slices.Contains([]string{"text", "input_text", ""}, kind) {
			return beginning(rawjson.Member(part, "text"))
		}
	}
	return beginning(content)
}

// beginning returns the first 1,000 bytes or so of a JSON string's text, "" of
// other values. Prompts are megabytes, and a task shows in its first words.
func beginning(raw json.RawMessage) string {
	if len(raw) < 1000 || raw[0] != '"' {
		return rawjson.Scalar(raw)
	}
	text, _ := rawjson.AppendUnescaped(nil, raw[1:1000]) // an escape cut in two is left out
	return string(text)
}
