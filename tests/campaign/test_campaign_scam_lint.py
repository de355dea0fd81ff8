# SPDX-License-Identifier: EUPL-1.2
"""The scam lint: what a swindler writes is caught in every language, what we write passes in every language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import (
    SHIPPED_LANGUAGES,
    SHIPPED_MESSAGES,
    Language,
    ScamKind,
    has_scam_rules,
    scam_lint,
    shipped_message,
)
from police2peer.errors import BadInput

_D, _P, _R, _I, _A = (
    ScamKind.DEADLINE,
    ScamKind.PAYMENT,
    ScamKind.REPLY,
    ScamKind.IDENTITY,
    ScamKind.ACCUSATION,
)

_SWINDLES: dict[str, list[tuple[ScamKind, str]]] = {
    "en": [
        (_D, "Answer within 48 hours."),
        (_D, "You have 72 hours."),
        (_D, "This is the final warning."),
        (_D, "Act immediately."),
        (_D, "Settle it by tomorrow."),
        (_P, "Pay a fine of 500 euros."),
        (_P, "Buy a gift card."),
        (_P, "The police never ask for money, pay the fee here."),
        (_P, "The police never ask for money, but a fine is due."),
        (_R, "Reply to this message."),
        (_R, "Call us today."),
        (_R, "Contact the officer in charge."),
        (_I, "Send a copy of your passport."),
        (_I, "Enter your full name."),
        (_I, "Click here to log in."),
        (_A, "You have downloaded illegal files."),
        (_A, "You are a suspect."),
        (_A, "You will be arrested."),
        (_A, "We know who you are."),
        (_A, "Proceedings against you were opened."),
        (_A, "Case number 12"),
    ],
    "de": [
        (_D, "Antworten bitte innerhalb von 48 Stunden."),
        (_D, "Die Frist läuft."),
        (_D, "Letzte Mahnung!"),
        (_D, "Handeln Sie sofort."),
        (_D, "Bis spätestens Montag."),
        (_P, "Zahlen Sie eine Geldbuße."),
        (_P, "Überweisen Sie den Betrag."),
        (_P, "Kaufen Sie eine Geschenkkarte."),
        (_P, "Die Polizei verlangt niemals Geld, bezahlen Sie trotzdem."),
        (_R, "Antworten Sie auf diese Nachricht."),
        (_R, "Rufen Sie uns an."),
        (_R, "Melden Sie sich bei der Dienststelle."),
        (_I, "Senden Sie eine Kopie und den Ausweis."),
        (_I, "Geben Sie Ihren Namen an: bestätigen Sie Ihre Identität."),
        (_I, "Weisen Sie sich aus."),
        (_A, "Sie haben illegale Dateien heruntergeladen."),
        (_A, "Sie sind verdächtig."),
        (_A, "Sie werden verhaftet."),
        (_A, "Wir wissen, wer Sie sind."),
        (_A, "Gegen Sie läuft ein Ermittlungsverfahren."),
    ],
    "fr": [
        (_D, "Répondez sous 48 heures."),
        (_D, "Vous avez un délai."),
        (_D, "Dernier avertissement."),
        (_D, "C\u2019est urgent."),
        (_D, "Avant demain."),
        (_P, "Payez une amende."),
        (_P, "Versez la somme de 300 euros."),
        (_P, "La police ne demande jamais d\u2019argent, réglez les frais."),
        (_R, "Répondez à ce message."),
        (_R, "Appelez le bureau."),
        (_R, "Contactez-nous."),
        (_I, "Envoyez une copie de votre passeport."),
        (_I, "Indiquez votre nom."),
        (_I, "Cliquez ici."),
        (_A, "Vous avez téléchargé des fichiers illégaux."),
        (_A, "Vous êtes suspect."),
        (_A, "Vous serez arrêté."),
        (_A, "Nous savons qui vous êtes."),
        (_A, "Une enquête est ouverte contre vous."),
    ],
    "es": [
        (_D, "Responda en 48 horas."),
        (_D, "El plazo termina."),
        (_D, "Último aviso."),
        (_D, "Actúe de inmediato."),
        (_D, "Hasta mañana."),
        (_P, "Pague la multa."),
        (_P, "Haga una transferencia."),
        (_P, "La policía nunca pide dinero, pague aquí."),
        (_R, "Responda a este mensaje."),
        (_R, "Llame al agente."),
        (_R, "Contacte con nosotros."),
        (_I, "Envíe su nombre."),
        (_I, "Introduzca su número de pasaporte."),
        (_I, "Haga clic aquí."),
        (_A, "Ha descargado archivos ilegales."),
        (_A, "Usted es sospechoso."),
        (_A, "Será detenido."),
        (_A, "Sabemos quién es."),
        (_A, "Hay un caso contra usted."),
    ],
    "pl": [
        (_D, "Odpowiedz w ciągu 48 godzin."),
        (_D, "Termin mija."),
        (_D, "Ostatnie ostrzeżenie."),
        (_D, "Działaj natychmiast."),
        (_D, "Do jutra."),
        (_P, "Zapłać grzywnę."),
        (_P, "Zrób przelew na konto."),
        (_P, "Policja nigdy nie prosi o pieniądze, zapłać tutaj."),
        (_R, "Odpowiedz na tę wiadomość."),
        (_R, "Zadzwoń do nas."),
        (_R, "Skontaktuj się z oficerem."),
        (_I, "Podaj swoje imię."),
        (_I, "Wyślij skan dowodu."),
        (_I, "Kliknij tutaj."),
        (_A, "Pobrałeś nielegalne pliki."),
        (_A, "Jesteś podejrzany."),
        (_A, "Zostaniesz zatrzymany."),
        (_A, "Wiemy, kim jesteś."),
        (_A, "Toczy się sprawa przeciwko tobie."),
    ],
    "ar": [
        (_D, "عليك الرد خلال 48 ساعة."),
        (_D, "هذا إنذار أخير."),
        (_D, "تصرّف فورًا."),
        (_D, "المهلة تنتهي، والأمر عاجل."),
        (_D, "قبل الغد."),
        (_P, "ادفع غرامة."),
        (_P, "حوّل المبلغ."),
        (_P, "لا تطلب الشرطة أبدًا المال، ادفع هنا."),
        (_R, "اتصل بنا."),
        (_R, "أرسل إلينا رسالة."),
        (_R, "للتواصل مع الضابط"),
        (_I, "أرسل صورة من جواز سفرك."),
        (_I, "أدخل اسمك."),
        (_I, "انقر هنا."),
        (_A, "لقد حمّلت ملفات غير قانونية."),
        (_A, "أنت مشتبه به."),
        (_A, "سيتم القبض عليك."),
        (_A, "نعرف من أنت."),
        (_A, "فُتحت قضية ضدك."),
    ],
}

_IN_ANY_LANGUAGE = [
    (_R, "someone@police.example"),
    (_R, "someone (at) police.example"),
    (_R, "https://police.example/pay"),
    (_R, "www.police.example"),
    (_R, "+47 22 33 44 55"),
    (_R, "0800 1000 900"),
    (_R, "WhatsApp"),
    (_R, "Te\u200blegram"),
    (_P, "500 €"),
    (_P, "0.01 BTC"),
    (_P, "NO93 8601 1117 9470 0"),
    (_D, "18:00"),
    (_D, "31.12.2027"),
]

# Lawful sentences close to what is forbidden.
_LAWFUL = {
    "en": [
        "The services are free of charge.",
        "Whoever shares it can be prosecuted.",
        "You can talk to someone now.",
    ],
    "de": [
        "Die Hilfe ist kostenlos.",
        "Wer es verbreitet, macht sich strafbar.",
        "Sie können jetzt mit jemandem sprechen.",
    ],
    "fr": [
        "L\u2019aide est gratuite.",
        "Qui les partage peut être poursuivi.",
        "Vous pouvez parler à quelqu\u2019un maintenant.",
    ],
    "es": [
        "La ayuda es gratuita.",
        "Quien lo comparte puede ser castigado por la ley.",
        "Puede hablar con alguien ahora.",
    ],
    "pl": ["Pomoc jest bezpłatna.", "Kto je udostępnia, podlega karze.", "Możesz teraz z kimś porozmawiać."],
    "ar": ["المساعدة مجانية.", "من يشاركها يعاقبه القانون.", "يمكنك التحدث إلى شخص الآن."],
}


@pytest.mark.parametrize(
    ("language", "kind", "text"),
    [(language, kind, text) for language, swindles in _SWINDLES.items() for kind, text in swindles],
)
def test_what_a_swindler_writes_is_caught(language: str, kind: ScamKind, text: str) -> None:
    assert kind in {finding.kind for finding in scam_lint(text, Language(language))}


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
@pytest.mark.parametrize(("kind", "text"), _IN_ANY_LANGUAGE)
def test_addresses_numbers_and_sums_are_caught_in_any_language(language: Language, kind: ScamKind, text: str) -> None:
    assert kind in {finding.kind for finding in scam_lint(text, language)}


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
def test_every_kind_is_tested_in_every_language(language: Language) -> None:
    assert {kind for kind, _ in _SWINDLES[language]} == set(ScamKind)


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED_MESSAGES)
def test_no_shipped_text_is_taken_for_a_swindle(language: Language, name: str) -> None:
    words = shipped_message(name, [language], {language: "Police"})
    sentences = [text for texts in words.texts.values() for _, text in texts.sentences()]
    assert bool(sentences) is (name != "blank")
    assert {text: found for text in sentences if (found := scam_lint(text, language))} == {}
    # Not one by one only: a card shows them together.
    assert scam_lint(" ".join(sentences), language) == []


@pytest.mark.parametrize(("language", "text"), [(one, text) for one, texts in _LAWFUL.items() for text in texts])
def test_lawful_words_pass(language: str, text: str) -> None:
    assert scam_lint(text, Language(language)) == []


@pytest.mark.parametrize(
    "text",
    ["PAY NOW", "p\u0301ay", "pa\u200by", "p\u00ada\u00ady", "\uff50\uff41\uff59", "pay\u00a0now", "please\npay"],
)
def test_letters_in_disguise_are_seen_through(text: str) -> None:
    assert [finding.kind for finding in scam_lint(text, Language("en"))] == [ScamKind.PAYMENT]


def test_the_help_and_verify_addresses_may_stand_in_a_text() -> None:
    text = "See https://police.example/help and https://police.example/."
    addresses = ("https://police.example/", "https://police.example/help")
    assert scam_lint(text, Language("en")) != []
    assert scam_lint(text, Language("en"), addresses=addresses) == []
    for hung_on in ("https://police.example/help@other.example", "https://police.example/.other.example/pay"):
        assert scam_lint(hung_on, Language("en"), addresses=addresses) != []


def test_a_language_without_rules_is_refused() -> None:
    for language in ("nl", "every", "../en", "", "EN-", "x" * 500):
        if not has_scam_rules(Language(language)):
            with pytest.raises(BadInput, match="no rules"):
                scam_lint("text", Language(language))
    assert not has_scam_rules(Language("every"))
    assert not has_scam_rules(Language("../en"))
    assert has_scam_rules(Language("de-AT"))


def test_every_finding_has_a_remedy() -> None:
    assert all(kind.remedy for kind in ScamKind)


@given(st.text(max_size=300), st.sampled_from(SHIPPED_LANGUAGES))
def test_any_text_can_be_checked(text: str, language: Language) -> None:
    for finding in scam_lint(text, language):
        assert finding.words
