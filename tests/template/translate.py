"""What SAM's own translator makes of the template; runs in SAM's virtual environment.

python translate.py template.yaml NAME=VALUE…  →  CloudFormation as JSON on standard output
"""

import json
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

template = yaml_parse(Path(sys.argv[1]).read_text("utf-8"))
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::StateMachine":
        file = Path(sys.argv[1]).parent / resource["Properties"].pop("DefinitionUri")
        resource["Properties"]["Definition"] = json.loads(file.read_text("utf-8"))
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["ImageUri"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image"
values = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
values |= dict(override.split("=", 1) for override in sys.argv[2:])
json.dump(Translator({}, Parser()).translate(template, values), sys.stdout)
