"""The words of the proof card in Dutch and in French, as both are written in Belgium.

A text that is not here stays English in every language: the navigation and all other pages.
"""

from collections.abc import Mapping

#: Each text as the code has it: in Dutch, in French.
TEXTS: Mapping[str, tuple[str, str]] = {
    # the card
    "Proof of consent": ("Bewijs van toestemming", "Preuve de consentement"),
    "Proof of consent of %(who)s": ("Bewijs van toestemming van %(who)s", "Preuve de consentement de %(who)s"),
    "an unknown number": ("een onbekend nummer", "un numéro inconnu"),
    "As it stood %(at)s, looked up by %(who)s.": (
        "Stand van %(at)s, opgezocht door %(who)s.",
        "Situation au %(at)s, consultée par %(who)s.",
    ),
    "Person %(handle)s": ("Persoon %(handle)s", "Personne %(handle)s"),
    "Language of this card": ("Taal van dit bewijs", "Langue de cette preuve"),
    "Print, or save as PDF": ("Afdrukken of bewaren als pdf", "Imprimer ou enregistrer en PDF"),
    "This number has joined no list, and never said STOP.": (
        "Dit nummer heeft zich voor geen enkele lijst aangemeld en heeft nooit STOP gestuurd.",
        "Ce numéro ne s’est inscrit à aucune liste et n’a jamais envoyé STOP.",
    ),
    "All times are in %(zone)s; point at one to see it in UTC.": (
        "Alle tijden zijn in %(zone)s; wijs er een aan om die in UTC te zien.",
        "Toutes les heures sont en %(zone)s\u00a0; pointez-en une pour la voir en UTC.",
    ),
    # what was joined and left
    "What was joined": ("Aanmeldingen", "Inscriptions"),
    "%(what)s: on it since %(since)s": (
        "%(what)s: aangemeld sinds %(since)s",
        "%(what)s\u00a0: inscription en cours depuis le %(since)s",
    ),
    "%(what)s: from %(since)s until %(until)s": (
        "%(what)s: van %(since)s tot %(until)s",
        "%(what)s\u00a0: du %(since)s au %(until)s",
    ),
    "Joined with": ("Aangemeld met", "Inscription par"),
    "Left with": ("Afgemeld met", "Désinscription par"),
    "“%(text)s”": ("“%(text)s”", "«\u00a0%(text)s\u00a0»"),
    "to %(shortcode)s": ("naar %(shortcode)s", "au %(shortcode)s"),
    "message %(number)s": ("bericht %(number)s", "message %(number)s"),
    "sent %(sent)s": ("verstuurd op %(sent)s", "envoyé le %(sent)s"),
    "received %(received)s": ("ontvangen op %(received)s", "reçu le %(received)s"),
    "%(state)s %(at)s": ("%(state)s op %(at)s", "%(state)s le %(at)s"),
    "Answered": ("Geantwoord", "Réponse"),
    "no answer": ("geen antwoord", "aucune réponse"),
    "reply %(number)s": ("antwoord %(number)s", "réponse %(number)s"),
    "(no text)": ("(geen tekst)", "(pas de texte)"),
    "(empty text)": ("(lege tekst)", "(texte vide)"),
    "(erased)": ("(gewist)", "(effacé)"),
    "number ending in %(digits)s": (
        "nummer dat eindigt op %(digits)s",
        "numéro se terminant par %(digits)s",
    ),
    # what was ended
    "STOP": ("STOP", "STOP"),
    "%(what)s: in force since %(since)s": (
        "%(what)s: van kracht sinds %(since)s",
        "%(what)s\u00a0: en vigueur depuis le %(since)s",
    ),
    "%(keyword)s on %(shortcode)s only": (
        "alleen %(keyword)s op %(shortcode)s",
        "uniquement %(keyword)s sur le %(shortcode)s",
    ),
    "%(keyword)s only": ("alleen %(keyword)s", "uniquement %(keyword)s"),
    "everything on %(shortcode)s": ("alles op %(shortcode)s", "tout sur le %(shortcode)s"),
    "everything": ("alles", "tout"),
    "Said with": ("Gevraagd met", "Demandé par"),
    "Undone with": ("Ongedaan gemaakt met", "Annulé par"),
    "Word, or how it was entered": ("Woord, of hoe het is ingevoerd", "Mot, ou comment il a été saisi"),
    "In force": ("Van kracht", "En vigueur"),
    "after %(seconds)s s": ("na %(seconds)s\u00a0s", "après %(seconds)s\u00a0s"),
    "Confirmed": ("Bevestigd", "Confirmé"),
    "not confirmed": ("niet bevestigd", "pas confirmé"),
    "Sent in spite of it": ("Toch nog verstuurd", "Envoyé malgré tout"),
    "nothing": ("niets", "rien"),
    # what became of an answer
    "waiting to be sent": ("wacht op verzending", "en attente d’envoi"),
    "being sent": ("wordt verstuurd", "en cours d’envoi"),
    "sent": ("verstuurd", "envoyée"),
    "could not be sent": ("kon niet verstuurd worden", "n’a pas pu être envoyée"),
    "may have gone out": ("mogelijk verstuurd", "peut-être envoyée"),
    "not sent because of STOP": ("niet verstuurd wegens STOP", "pas envoyée en raison d’un STOP"),
    "not sent because of a limit": ("niet verstuurd wegens een limiet", "pas envoyée en raison d’une limite"),
    "not sent in time": ("niet op tijd verstuurd", "pas envoyée à temps"),
    "not sent because it was a test": ("niet verstuurd, het was een test", "pas envoyée, c’était un test"),
    "withdrawn before it was sent": ("ingetrokken voor verzending", "retirée avant l’envoi"),
    "not sent": ("niet verstuurd", "pas envoyée"),
    "delivered": ("afgeleverd", "remise"),
    "not delivered": ("niet afgeleverd", "pas remise"),
    "on its way": ("onderweg", "en route"),
    "delivery not known": ("aflevering onbekend", "remise inconnue"),
    # where the time is of, where it has another name
    "Brussels": ("Brussel", "Bruxelles"),
    "Berlin": ("Berlijn", "Berlin"),
    "London": ("Londen", "Londres"),
    "Luxembourg": ("Luxemburg", "Luxembourg"),
    "Paris": ("Parijs", "Paris"),
}
