package otlp

import "strings"

// providers are the names that LiteLLM (1.61 to 1.109) puts before a model and a
// slash to say where it is called.
var providers = map[string]bool{
	"openai": true, "openai_like": true, "custom_openai": true, "text-completion-openai": true, "chatgpt": true,
	"azure": true, "azure_text": true, "azure_ai": true, "anthropic": true, "anthropic_text": true,
	"bedrock": true, "bedrock_converse": true, "sagemaker": true, "sagemaker_chat": true, "sagemaker_nova": true,
	"vertex_ai": true, "vertex_ai_beta": true, "gemini": true, "palm": true,
	"cohere": true, "cohere_chat": true, "mistral": true, "codestral": true, "text-completion-codestral": true,
	"groq": true, "deepseek": true, "xai": true, "perplexity": true, "together_ai": true, "fireworks_ai": true,
	"deepinfra": true, "openrouter": true, "replicate": true, "huggingface": true, "cerebras": true,
	"sambanova": true, "nvidia_nim": true, "nebius": true, "novita": true, "hyperbolic": true, "featherless_ai": true,
	"ollama": true, "ollama_chat": true, "vllm": true, "hosted_vllm": true, "llamafile": true, "lm_studio": true,
	"xinference": true, "triton": true, "infinity": true, "oobabooga": true, "petals": true, "baseten": true,
	"databricks": true, "snowflake": true, "watsonx": true, "watsonx_text": true, "oci": true, "predibase": true,
	"github": true, "github_copilot": true, "litellm_proxy": true, "vercel_ai_gateway": true, "aiml": true,
	"ai21": true, "ai21_chat": true, "aleph_alpha": true, "nlp_cloud": true, "maritalk": true, "cloudflare": true,
	"volcengine": true, "dashscope": true, "moonshot": true, "minimax": true, "zai": true, "meta_llama": true,
	"friendliai": true, "galadriel": true, "gradient_ai": true, "lambda_ai": true, "nscale": true, "inception": true,
	"voyage": true, "jina_ai": true, "topaz": true, "deepgram": true, "elevenlabs": true, "assemblyai": true,
	"clarifai": true, "empower": true, "anyscale": true, "bytez": true, "heroku": true, "ovhcloud": true,
	"morph": true, "v0": true, "wandb": true, "cometapi": true, "compactifai": true, "datarobot": true,
	"docker_model_runner": true, "recraft": true, "runwayml": true, "fal_ai": true, "stability": true,
	"sap": true, "xiaomi_mimo": true, "nano-gpt": true, "poe": true, "synthetic": true, "publicai": true,
	"custom": true, "a2a": true, "langgraph": true, "ragflow": true, "lemonade": true, "gigachat": true,
}

// modelName is the upstream model without the provider that LiteLLM put before
// it. Where the provider is known, only that name or a relative of it goes
// (`cohere/…` of `cohere_chat`): `anthropic/claude-3.5-sonnet` at openrouter is
// the model's whole name.
func modelName(model, provider string) string {
	prefix, rest, found := strings.Cut(model, "/")
	if !found || rest == "" {
		return model
	}
	related := provider == "" || strings.Contains(provider, prefix) || strings.Contains(prefix, provider)
	if prefix == provider || (providers[prefix] && related) {
		return rest
	}
	return model
}
