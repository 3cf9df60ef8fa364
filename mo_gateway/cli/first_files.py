"""What `init` writes into a folder: the settings and the routes to begin with."""

#: `$database` is a line of its own; the names are those of docs/settings.md.
ENVIRONMENT = """\
# The settings of this gateway. `set -a; . ./.env; set +a` takes them into a shell; docker compose reads them by
# itself. docs/settings.md explains them all. A line that begins with # says what is so without it, or an example.

# The routes file: which keyword leads to what.
MO_GATEWAY_ROUTES=routes.toml

# The database: a SQLite file in the folder that the gateway is started in, or PostgreSQL.
#MO_GATEWAY_DATABASE_URL=postgresql://mo_gateway:PASSWORD@localhost/mo_gateway

# The last part of the callback URL. Without it one is made, and kept in mo-gateway.secret.
#MO_GATEWAY_CALLBACK_SECRET=

# How the provider reaches this gateway, and how many proxies stand before it.
#MO_GATEWAY_PUBLIC_URL=https://sms.example.com
#MO_GATEWAY_TRUSTED_PROXIES=1

# The zone of the provider's TIMESTAMP, of the routes file and of all dates in reports.
#MO_GATEWAY_TIMEZONE=Europe/Amsterdam

# Modules with keyword handlers, in this folder or installed.
#MO_GATEWAY_HANDLERS=contest,subscriptions

# Replies are queued, and go out once a provider's credentials are here: docs/providers has them for each.
#MO_GATEWAY_REPLY_SENDER=4414
"""

#: `$closes` is the last moment of the vote.
ROUTES = """\
# Which keyword leads to what. docs/routes.md and docs/handlers.md have everything that may stand here.
#
#   mo-gateway check routes.toml        every fault with its line
#   mo-gateway reload                   the workers take what has changed
#   mo-gateway explain "INFO please" --shortcode 4414

# A keyword with a reply. `shortcode = "4414"` would take it on that number only.
[[route]]
keyword = "INFO"

[route.reply]
text = "Doors open at 19:00. Send RULES for the rules, STOP to hear no more."

# A vote: `mo-gateway votes show song` counts it, one vote a person.
[[route]]
keyword = ["VOTE", "STEM"]

[route.vote]
poll = "song"
options = { Blue = ["blue", "blauw"], Red = ["red", "rood"], Green = ["green", "groen"] }
${opens}closes = $closes
text = "Thank you for your vote for {{ option }}."
late_text = "The vote is closed."
unreadable_text = "Send VOTE and one of: {{ options | join(', ') }}."

# A list: NEWS joins, NEWS OFF leaves; `mo-gateway lists` has who is on it.
[[route]]
keyword = "NEWS"
form = "alone"

[route.subscribe]
list = "news"
text = "You get the news now. NEWS OFF ends it."

[[route]]
keyword = "NEWS"
form = "with text"

[route.unsubscribe]
list = "news"
text = "No more news."
"""

#: What the demo has beside these.
DEMO_ROUTES = """
[[route]]
keyword = ["WIN", "GAGNE"]

[route.reply]
text = "You are in with {{ parm | default('nothing', true) }} 🎉"

# A text of several parts.
[[route]]
keyword = "RULES"

[route.reply]
text = "One vote a person, the first one counts. Who wins is drawn on the evening itself and gets an SMS from \
this number. What you send costs what your operator asks for an SMS, and no more. Send STOP and you hear no more."

# Only kept: `mo-gateway messages` shows it.
[[route]]
keyword = "TIP"

[route.store]

# A target that is down: no host has a name that ends in .invalid.
[[route]]
name = "crm"
keyword = "ORDER"

[route.forward]
url = "https://crm.example.invalid/sms"
"""
