"""`ikt presets`: named configurations."""

import json

from api.cli.client import DEFAULT_URL, InlineFlag, UrlOption, open_service, told
from api.cli.console import JsonFlag, stdout, write_json
from ikt_client.api.experiments import list_presets as ask_presets


def list_presets(
    *, inline: InlineFlag = False, url: UrlOption = DEFAULT_URL, as_json: JsonFlag = False
) -> None:
    """List the presets with every setting that --set may replace."""
    with open_service(url, inline=inline) as service:
        presets = told(ask_presets.sync_detailed(client=service.client))["items"]
    if as_json:
        write_json(presets)
        return
    console = stdout()
    for preset in presets:
        console.print(f"[bold]{preset['name']}[/]")
        for section, values in preset["config"].items():
            shown = "  ".join(f"{name}={json.dumps(value)}" for name, value in values.items())
            console.print(f"  {section}: {shown}", markup=False, soft_wrap=True)
