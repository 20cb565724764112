"""What an admin reads for each mistake, word for word: a place, what is wrong, what to write instead.

None of it is Python's, pydantic's or the YAML reader's own wording.
"""

# ruff: noqa: E501 - a row is one mistake with its words, to be read as one line
from __future__ import annotations

import re

import pytest
from jupyter_kf_spawner.catalogue import examine, parse
from jupyter_kf_spawner.catalogue.load import examine_text
from jupyter_kf_spawner.errors import CatalogueError, Problem

from tests.spawner.conftest import PUBLISHED
from tests.spawner.test_catalogue import SMALL

R = SMALL.replace
# A wrong catalogue, and "line:column path: what is wrong | what to write instead" of each problem.
TABLE = [
    (
        R("title: Lab", "title: {{ name }}"),
        ['4:9 images.lab.title: `{{` begins no text in YAML | quote it: "{{ name }}"'],
    ),
    (
        R("    title: Small", "    title: {{ name }} size"),
        ['7:23 -: `{{` begins no text in YAML | quote it: "{{ name }}"'],
    ),
    (
        R("  small:\n    title", "  small:\n\ttitle"),
        ["7:1 -: a tab stands where spaces belong | indent with spaces"],
    ),
    (
        "hello\n",
        ["1:1 -: it is one value, 'hello', not keys with values | begin with `version: 1`"],
    ),
    ("- a\n- b\n", ["1:1 -: it is a list, not keys with values | begin with `version: 1`"]),
    ("", ["1:1 -: it is empty | begin with `version: 1`"]),
    (
        SMALL + "---\nversion: 1\n",
        ["10:1 -: a second document begins here | keep one catalogue in a file"],
    ),
    (
        R("title: Lab, image", "title: Lab, title: Lob, image"),
        ["4:21 images.lab.title: `title` stands here and in line 4 | keep one of the two"],
    ),
    (
        R('image: "lab:1"}', 'image: "lab:1"'),
        [
            "5:1 -: what is opened in line 4 is not closed before this | close it with }, or add the comma that is missing"
        ],
    ),
    (
        R('"lab:1"', '"lab:1'),
        ["4:28 -: a quote is opened here and never closed | close it with the same quote"],
    ),
    (
        R("title: Small", "title: Small: one"),
        [
            "7:17 -: a `: ` inside a value, or no `:` after the key of the line before | put a text with `: ` in quotes; end a key with `:`"
        ],
    ),
    (
        R("    cpu:", "   cpu:"),
        [
            "8:4 -: this line does not go with those before it | give it as many spaces as its neighbours"
        ],
    ),
    (
        R("title: Small", "title: @small"),
        ["7:12 -: a text can't begin with @ | put the text in quotes"],
    ),
    (
        R("    title: Small", "    title Small"),
        [
            "8:8 -: a `: ` inside a value, or no `:` after the key of the line before | put a text with `: ` in quotes; end a key with `:`"
        ],
    ),
    (R("Small", "Sm\x07all"), ["7:14 -: a control character (U+0007) | remove it"]),
    (
        R("title: Lab", "titel: Lab"),
        ["4:9 images.lab.titel: there is no `titel` here | write title"],
    ),
    (
        R("title: Lab", "title: Lab, colour: red"),
        [
            "4:21 images.lab.colour: there is no `colour` here | choose one of command, deprecated, description, gpus, groups, image, inside, pull, redirect, sizes, title"
        ],
    ),
    (R("title: Lab, ", ""), ["4:3 images.lab.title: `title` is missing | add `title:` here"]),
    (
        R("{min: 500m, default: 1, max: 2}", "[1, 2]"),
        [
            "8:5 sizes.small.cpu: a list where keys with values belong | write `cpu: {min: ..., default: ..., max: ...}`"
        ],
    ),
    (
        R("{min: 500m, default: 1, max: 2}", "2"),
        [
            "8:5 sizes.small.cpu: 2 where keys with values belong | write `cpu: {min: ..., default: ..., max: ...}`"
        ],
    ),
    (
        R("{min: 500m, default: 1, max: 2}", ""),
        [
            "8:5 sizes.small.cpu: nothing where keys with values belong | write `cpu: {min: ..., default: ..., max: ...}`"
        ],
    ),
    (
        R("min: 1Gi", "min: 1"),
        ["9:14 sizes.small.memory.min: 1 is a number of bytes | write 1Gi or 1Mi"],
    ),
    (
        R("min: 1Gi", "min: 1GB"),
        ["9:14 sizes.small.memory.min: '1GB' is not an amount of memory | write 512Mi, 4Gi or 2G"],
    ),
    (
        R("min: 500m", "min: half"),
        ["8:11 sizes.small.cpu.min: 'half' is not an amount of CPU | write 2, 0.5 or 500m"],
    ),
    (
        R("title: Lab", "title: 7"),
        ['4:9 images.lab.title: 7 where text belongs | put it in quotes: "7"'],
    ),
    (
        R("title: Lab", "title: true"),
        ['4:9 images.lab.title: true where text belongs | put it in quotes: "true"'],
    ),
    (R("title: Lab", "title: "), ["4:9 images.lab.title: nothing stands here | write a text"]),
    (
        R("title: Lab", "title: " + "x" * 500),
        ["4:9 images.lab.title: a text of 500 characters | shorten it to 400 at most"],
    ),
    (
        R("title: Lab", 'title: ""'),
        ["4:9 images.lab.title: an empty text | write a text, or leave the key out"],
    ),
    (
        R("    title: Small\n", "    title: |\n      a\n      b\n"),
        [
            "7:5 sizes.small.title: a text of several lines, or with control characters | write it in one line"
        ],
    ),
    (
        R('"lab:1"', '"my lab:1"'),
        [
            "4:21 images.lab.image: 'my lab:1' is not an image reference | write name:tag or name@sha256:... with its digest"
        ],
    ),
    (
        R('"lab:1"', '"Lab:1"'),
        [
            "4:21 images.lab.image: 'Lab:1' is not an image reference | write name:tag or name@sha256:... with its digest; names are in small letters"
        ],
    ),
    (
        R('  lab: {title: Lab, image: "lab:1"}', '  - {title: Lab, image: "lab:1"}'),
        [
            "3:1 images: a list where keys with values belong | write a name for each entry, and its keys below the name"
        ],
    ),
    (
        R('{title: Lab, image: "lab:1"}', "lab:1"),
        [
            "4:3 images.lab: 'lab:1' where keys with values belong | write `lab: {title: ..., image: ...}`"
        ],
    ),
    (
        R("title: Lab", "title: Lab, groups: team"),
        ["4:21 images.lab.groups: 'team' where a list belongs | write `groups: [team]`"],
    ),
    (
        R("title: Lab", "title: Lab, groups: []"),
        ["4:21 images.lab.groups: the list is empty | add one at least, or leave `groups` out"],
    ),
    (
        R("title: Lab", "title: Lab, groups: [7]"),
        ['4:30 images.lab.groups.0: 7 where text belongs | put it in quotes: "7"'],
    ),
    (
        R("title: Lab", "title: Lab, pull: Sometimes"),
        [
            "4:21 images.lab.pull: 'Sometimes' is not one of the words that are known | write IfNotPresent, Always or Never"
        ],
    ),
    (
        R("    title: Small", "    spot: maybe\n    title: Small"),
        ["7:5 sizes.small.spot: 'maybe' is neither true nor false | write true or false"],
    ),
    (
        R("    title: Small", "    guarantee: 2\n    title: Small"),
        [
            "7:5 sizes.small.guarantee: 2 is outside its bounds | write a number above 0 and at most 1"
        ],
    ),
    (
        R("    title: Small", "    idle: soon\n    title: Small"),
        ["7:5 sizes.small.idle: 'soon' is not a duration | write 90s, 15m, 2h or 1h30m"],
    ),
    (
        R("  lab:", "  My_Lab:").replace("image: lab", "image: My_Lab"),
        [
            "2:12 defaults.image: 'My_Lab' is no name: 1 to 40 of a-z, 0-9 and - | write my-lab",
            "4:3 images.My_Lab: 'My_Lab' is no name: 1 to 40 of a-z, 0-9 and - | write my-lab",
        ],
    ),
    (
        R("version: 1", "version: 2"),
        ["1:1 version: 2 is not a version that this program knows | write 1"],
    ),
    (R("version: 1\n", ""), ["1:1 version: `version` is missing | add `version:` here"]),
    (
        SMALL + "gpus: {g: {title: G, resource: a.com/g, counts: [1.5]}}\n",
        ["10:50 gpus.g.counts.0: 1.5 is not a whole number | write a whole number of 1 to 1024"],
    ),
    (
        SMALL + "gpus: {g: {title: G, resource: a.com/g, counts: [two]}}\n",
        ["10:50 gpus.g.counts.0: 'two' is not a whole number | write a whole number of 1 to 1024"],
    ),
    (
        SMALL + "gpus: {g: {title: G, resource: a.com/g, counts: []}}\n",
        ["10:41 gpus.g.counts: the list is empty | add one at least, or leave `counts` out"],
    ),
    (
        SMALL + "gpus: {g: {title: G, resource: gpu}}\n",
        [
            "10:22 gpus.g.resource: 'gpu' is not the key of an extended resource | write it as `kubectl describe node` shows it: nvidia.com/gpu, nvidia.com/mig-1g.5gb"
        ],
    ),
    (
        SMALL
        + "gpus: {g: {title: G, resource: a.com/g, counts: [1, 2]}}\npresets: {p: {title: P, options: {gpu: g, gpus: 3}}}\n",
        [
            "10:8 gpus.g: warning: no image lists it, so nobody can have it | add g to the `gpus` of an image that can use it, or remove it",
            "11:43 presets.p.options.gpus: the kind can't be had so many at a time | write 1 or 2",
        ],
    ),
    (
        SMALL + "limits: {servers: 2}\n",
        ["10:1 limits: keys with values where a list belongs | begin each entry with `- `"],
    ),
    (
        SMALL + "limits: [{servers: 0}]\n",
        ["10:11 limits.0.servers: 0 is outside its bounds | write a whole number of 1 to 1024"],
    ),
    (
        SMALL + "tolerations: {t: [{key: a, operator: Is}]}\n",
        [
            "10:28 tolerations.t.0.operator: 'Is' is not one of the words that are known | write Exists or Equal"
        ],
    ),
    (
        SMALL + "environment: {A: 7}\n",
        ['10:15 environment.A: 7 where text belongs | put it in quotes: "7"'],
    ),
    (
        SMALL + "environment: {1A: x}\n",
        [
            "10:15 environment.1A: '1A' is not the name of a variable that may be set here | write letters, digits and _; JUPYTERHUB_* and JUPYTER_KF_HANDOFF are the hub's own"
        ],
    ),
    (
        SMALL + "secrets: {A: {secret: s, key: 'a b'}}\n",
        [
            "10:26 secrets.A.key: 'a b' is not a key of a Secret | write letters, digits, -, _ and . only, as the Secret has it"
        ],
    ),
    (
        SMALL + "workspace: {size: 10Gi}\n",
        [
            "10:13 workspace.size: '10Gi' where keys with values belong | write `size: {min: ..., default: ..., max: ...}`"
        ],
    ),
    (
        SMALL + "workspace: {mount: home, size: {min: 1Gi, default: 1Gi, max: 2Gi}}\n",
        [
            "10:13 workspace.mount: 'home' is not a folder to mount at | write an absolute path such as /data/flights"
        ],
    ),
    (
        SMALL + "workspace: {access: RWO, size: {min: 1Gi, default: 1Gi, max: 2Gi}}\n",
        [
            "10:13 workspace.access: 'RWO' is not one of the words that are known | write ReadWriteOnce, ReadWriteOncePod or ReadWriteMany"
        ],
    ),
    (
        SMALL + "volumes: {v: {title: V, claim: My_Claim, mount: /data}}\n",
        [
            "10:25 volumes.v.claim: 'My_Claim' is not the name of a Kubernetes object | write a-z, 0-9, - and . only, as `kubectl get` shows it"
        ],
    ),
    (
        SMALL + "presets: {p: {title: P, options: {}}}\n",
        ["10:25 presets.p.options: the preset sets nothing | add an option, or remove the preset"],
    ),
    (
        SMALL + "presets: {p: {title: P, options: {imag: lab}}}\n",
        ["10:35 presets.p.options.imag: there is no `imag` here | write image"],
    ),
    (
        SMALL + "spot: [a]\n",
        [
            "10:1 spot: a list where keys with values belong | write one or more of these below it: tolerations, affinity"
        ],
    ),
    (
        SMALL + "security: {uid: root}\n",
        [
            "10:12 security.uid: 'root' is not a whole number | write a whole number of 1 to 2147483647"
        ],
    ),
    (
        R("size: small", "size: smal"),
        ["2:24 defaults.size: there is no 'smal' in `sizes` | write small"],
    ),
    (
        SMALL + "presets: {p: {title: P, options: {volumes: data}}}\n",
        ["10:35 presets.p.options.volumes: 'data' where a list belongs | write `volumes: [data]`"],
    ),
    (
        SMALL.replace('images:\n  lab: {title: Lab, image: "lab:1"}\n', "images: {}\n"),
        [
            "2:12 defaults.image: there is no 'lab' in `images` | add it to `images`",
            "3:1 images: there is nothing to choose | add at least one",
        ],
    ),
    (
        R("defaults: {image: lab, size: small}", "defaults:"),
        [
            "2:1 defaults: nothing where keys with values belong | write one or more of these below it: image, size, cpu, memory, gpu, gpus, volumes, spot"
        ],
    ),
    (
        R("defaults: {image: lab, size: small}\n", ""),
        ["1:1 defaults: `defaults` is missing | add `defaults:` here"],
    ),
]
FOREIGN = re.compile(
    r"tuple|dictionar|instance of|validat|input should|pydantic|CoresRange|None|True|False|ordereddict"
    r"|\\bstr\\b|\\bint\\b|block mapping|token"
)


def line(problem: Problem) -> str:
    kind = "warning: " if problem.warning else ""
    where = f"{problem.line}:{problem.column} {problem.path or '-'}"
    return f"{where}: {kind}{problem.reason} | {problem.fix}"


@pytest.mark.parametrize(("text", "said"), TABLE, ids=[said[0][:60] for _, said in TABLE])
def test_a_mistake_is_told_in_an_admins_words(text, said):
    with pytest.raises(CatalogueError) as caught:
        parse(text)
    assert [line(problem) for problem in caught.value.problems] == said
    assert not FOREIGN.search(str(caught.value))


WARNED = [
    (R('"lab:1"', "lab"), "4:21 images.lab.image: warning: no tag and no digest: what users get can"
     " change with every start | write name:tag with a tag that stays, or name@sha256:... with its"
     " digest"),
    (R("lab:1", "lab:latest"), "4:21 images.lab.image: warning: the tag `latest`: what users get can"
     " change with every start | write name:tag with a tag that stays, or name@sha256:... with its"
     " digest"),
    (SMALL + "gpus: {amd: {title: A, resource: amd.com/gpu}}\n", "10:8 gpus.amd: warning: no image"
     " lists it, so nobody can have it | add amd to the `gpus` of an image that can use it, or remove"
     " it"),
    (R('"lab:1"}', '"lab:1", gpus: [amd]}').replace("title: Small", "title: Small\n    gpus: []")
     + "gpus: {amd: {title: A, resource: amd.com/gpu}}\n", "11:8 gpus.amd: warning: no size may have"
     " it, so nobody can | add amd to the `gpus` of a size, or remove it"),
    (SMALL + "limits: [{memory: 1Gi}, {groups: [a], memory: 8Gi}]\n", "10:1 limits: warning: at most 1Gi"
     " of memory for everyone, and the default size small has 2Gi | allow more, or make the default"
     " smaller"),
    (SMALL + "  big: {title: B, cpu: {min: 2, default: 2, max: 2}, memory: {min: 1Gi, default: 1Gi, max:"
     " 1Gi}}\nlimits: [{cpu: 1}, {groups: [a], cpu: 1500m}]\n", "10:3 sizes.big: warning: nobody's limits"
     " allow its least cpu, 2 | allow more, or remove it"),
    (R('"lab:1"}', '"lab:1", gpus: [amd]}') + "gpus: {amd: {title: A, resource: amd.com/gpu}}\n"
     "limits: [{gpus: 0}]\n", "10:8 gpus.amd: warning: nobody's limits allow 1 GPU | allow more `gpus` in"
     " `limits`, or remove it"),
    (SMALL + "volumes:\n  v: {title: V, claim: c, mount: /v, groups: [data-team], writers: [dta-team]}\n",
     "11:59 volumes.v.writers: warning: 'dta-team' is not in the volume's `groups`, so who is only in it"
     " does not see the volume | write data-team, or add it to `groups`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WARNED, ids=[said[:40] for _, said in WARNED])
def test_what_may_not_be_meant_is_a_warning_and_the_catalogue_can_be_used(text, said):
    examined = examine_text(text)
    assert [line(problem) for problem in examined.warnings] == [said]
    assert examined.catalogue.images["lab"].title == "Lab"


def test_the_published_catalogue_has_nothing_to_warn_of():
    assert examine(PUBLISHED).warnings == ()


def test_a_digest_is_no_moving_image():
    digest = f"lab@sha256:{'0' * 64}"
    assert examine_text(R("lab:1", digest)).warnings == ()
    assert examine_text(R("lab:1", f"lab:latest@sha256:{'0' * 64}")).warnings == ()
