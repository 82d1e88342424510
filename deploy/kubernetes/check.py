"""Validates Kubernetes objects: check.py CRDS FILE..."""
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml


def schema_of_crd(folder, thing):
    """The schema that a custom resource's own definition holds."""
    for path in pathlib.Path(folder).glob(f"*_{thing['kind'].lower()}s.yaml"):
        crd = yaml.safe_load(path.read_text())
        group, _, version = thing["apiVersion"].partition("/")
        if crd["spec"]["names"]["kind"] == thing["kind"] and crd["spec"]["group"] == group:
            for offered in crd["spec"]["versions"]:
                if offered["name"] == version:
                    return strict(offered["schema"]["openAPIV3Schema"])
    raise SystemExit(f"no schema for {thing['kind']} of {thing['apiVersion']}")


def strict(schema):
    """Refuses fields that the schema does not name, as the API server warns of them."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    if "properties" in schema and isinstance(schema["properties"], dict) and schema.get("type") == "object":
        schema.setdefault("additionalProperties", schema["properties"].keys() == {"metadata"})
    return schema


count = 0
for path in sys.argv[2:]:
    for thing in yaml.safe_load_all(pathlib.Path(path).read_text()):
        name = f"{thing['kind']}/{thing['metadata']['name']}"
        if thing["apiVersion"].startswith("monitoring.coreos.com/"):
            schema = schema_of_crd(sys.argv[1], thing)
            schema["properties"]["metadata"] = {"type": "object"}
            jsonschema.validate(thing, schema)
        else:
            kubernetes_validate.validate(thing, "1.29", strict=True)
            kubernetes_validate.validate(thing, kubernetes_validate.latest_version(), strict=True)
        print("ok", name)
        count += 1
if count == 0:
    raise SystemExit("nothing to validate")
